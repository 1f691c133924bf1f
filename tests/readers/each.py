"""Each reader in turn, as a ranker uses it."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import pytest
from penchant_reader import ALL, AsyncIntentReader, IntentReader, ReadIntent

PATIENT_S = 20.0


class EachReader(Protocol):
    """Reads shoppers with a new reader, their documents too."""

    async def __call__(
        self, url: str, namespace: str, shoppers: Sequence[str], *, cluster: bool = False, strict: bool = False
    ) -> list[ReadIntent]: ...


async def with_threads(
    url: str, namespace: str, shoppers: Sequence[str], *, cluster: bool = False, strict: bool = False
) -> list[ReadIntent]:
    """As a ranker with threads reads."""
    with IntentReader(url, namespace=namespace, timeout_s=PATIENT_S, cluster=cluster, strict=strict) as reader:
        return await asyncio.to_thread(reader.get_many, shoppers, fields=ALL)


async def with_asyncio(
    url: str, namespace: str, shoppers: Sequence[str], *, cluster: bool = False, strict: bool = False
) -> list[ReadIntent]:
    """As a ranker with an event loop reads."""
    async with AsyncIntentReader(
        url, namespace=namespace, timeout_s=PATIENT_S, cluster=cluster, strict=strict
    ) as reader:
        return await reader.get_many(shoppers, fields=ALL)


each_reader = pytest.mark.parametrize("read", [with_threads, with_asyncio])
