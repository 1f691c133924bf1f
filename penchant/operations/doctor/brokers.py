"""Brokers: whether each bootstrap address lets us in, and why not."""

import asyncio

from penchant.operations.doctor.findings import ERROR, INFO, Finding
from penchant.settings.root import Settings
from streams.errors import PenchantError, Stop
from streams.kafka.brokers import ADDRESS, reach
from streams.kafka.options import KafkaOptions


async def examine(settings: Settings) -> list[Finding]:
    """Connect to each of kafka.bootstrap, encrypt and log in as the settings say."""
    options = settings.kafka.options
    return await asyncio.gather(*(_reach(options, address) for address in options.bootstrap.split(",")))


async def _reach(options: KafkaOptions, address: str) -> Finding:
    try:
        manner = await reach(options, address)
    except PenchantError as exc:
        remedy = exc.remedy if isinstance(exc, Stop) else ADDRESS
        return Finding("kafka", ERROR, str(exc).partition("\n")[0], remedy)
    return Finding("kafka", INFO, f"{address.strip()} lets us in by {manner}")
