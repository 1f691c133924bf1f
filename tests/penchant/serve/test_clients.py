"""The readers' clients before the real service."""

import asyncio
from pathlib import Path

import pytest
from penchant_reader.async_match_client import AsyncMatchClient
from penchant_reader.match_client import MatchClient

from penchant.front.rules import HttpRules
from penchant.front.tokens import digest
from penchant.serve.service import serving
from penchant.settings.root import Settings
from tests.penchant.serve.test_serve import CANDIDATES, TOKEN, FakeModel

pytestmark = pytest.mark.redis


async def test_clients_are_answered_with_reasons_and_scores(settings: Settings, tmp_path: Path) -> None:
    """By token; without one the order given stands."""
    path, model = tmp_path / "tokens", FakeModel()
    path.write_text(f"ranker viewer {digest(TOKEN)}\n")
    model.open.set()
    closed = settings.model_copy(update={"http": HttpRules(tokens_file=path)})
    async with serving(closed, model) as url, AsyncMatchClient(url, timeout_s=20, token=TOKEN) as client:
        found = await client.match("ada", CANDIDATES, reasons="de")
        scored = await client.match("ada", CANDIDATES, scores=True)
        with MatchClient(url, timeout_s=20) as nobody, MatchClient(url, timeout_s=20, token=TOKEN) as blocking:
            refused = await asyncio.to_thread(nobody.match, "ada", CANDIDATES)
            same = await asyncio.to_thread(blocking.match, "ada", CANDIDATES, reasons="de")
    assert found == same
    assert found.products == ["sku-1", "sku-5", "sku-9"]
    assert found.matches[0].pro[0]["text"] == "89 EUR, in Ihrem Preisrahmen"
    assert (scored.step, scored.products) == ("scores", ["sku-5", "sku-1", "sku-9"])
    assert (refused.reason, refused.products) == ("refused", CANDIDATES)
