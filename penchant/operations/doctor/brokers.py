"""Brokers: whether each bootstrap address lets us in, and why not."""

import asyncio
from collections import defaultdict

from penchant.operations.doctor.findings import ERROR, INFO, WARNING, Finding, Severity
from penchant.settings.root import Settings
from streams.kafka.brokers import Reach, reach


async def examine(settings: Settings) -> list[Finding]:
    """Connect to each of kafka.bootstrap, encrypt and log in as the settings say; a finding for each cause.

    One that refuses is an error where no other lets us in.
    """
    options = settings.kafka.options
    addresses = [address.strip() for address in options.bootstrap.split(",")]
    found: dict[Reach, list[str]] = defaultdict(list)
    for address, each in zip(addresses, await asyncio.gather(*(reach(options, a) for a in addresses)), strict=True):
        found[each].append(address)
    least = WARNING if any(each.lets_in for each in found) else ERROR
    return [_finding(each, ", ".join(where), least) for each, where in found.items()]


def _finding(found: Reach, where: str, severity: Severity) -> Finding:
    if found.lets_in:
        return Finding("kafka", INFO, f"{where} lets us in by {found.words}")
    return Finding("kafka", severity, f"{where}: {found.words}", found.remedy)
