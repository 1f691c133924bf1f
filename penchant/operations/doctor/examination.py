"""Examination: all checks at once, each bounded in time; one that fails says so and hides nothing of the others."""

import asyncio
import os
import platform
import re
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import PackageNotFoundError, requires, version

from penchant import __version__
from penchant.operations.doctor import brokers, kafka, models, redis
from penchant.operations.doctor.findings import ERROR, INFO, Finding
from penchant.operations.doctor.relations import relations
from penchant.settings.root import Settings
from streams.errors import BrokerUnavailable, PenchantError, Stop, StoreUnavailable

BOUND_S = 30.0
"""How long one check may take; what it asks is bounded more tightly itself."""

Check = Callable[[Settings], Awaitable[list[Finding]]]

CHECKS: Mapping[str, Check] = {
    "brokers": brokers.examine,
    "events": kafka.examine_events,
    "dead letters": kafka.examine_dead_letters,
    "side topics": kafka.examine_side_topics,
    "redis": redis.examine,
    "lineage": kafka.examine_lineage,
    "model": models.examine,
}

EXACTLY = re.compile(r"([\w-]+)==([\w.]+)")
"""A requirement of one version only."""

SHOWN = ("faust-streaming", "aiokafka", "redis", "pydantic", "tritonclient")


async def examine(settings: Settings, checks: Mapping[str, Check] = CHECKS, bound_s: float = BOUND_S) -> list[Finding]:
    """Everything that there is to say, by subject."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    found = await asyncio.gather(*(_run(name, check, settings, bound_s) for name, check in checks.items()))
    return [*versions(), *relations(settings, memory_bytes), *(finding for each in found for finding in each)]


async def _run(name: str, check: Check, settings: Settings, bound_s: float) -> list[Finding]:
    try:
        async with asyncio.timeout(bound_s):
            return await check(settings)
    except TimeoutError:
        return [Finding(name, ERROR, f"not done within {bound_s:g} s", "see whether the network drops packets")]
    except PenchantError as exc:
        return [Finding(name, ERROR, str(exc).partition("\n")[0], _remedy(exc, settings))]


def _remedy(error: PenchantError, settings: Settings) -> str:
    if isinstance(error, BrokerUnavailable):
        return f"start Kafka, or correct kafka.bootstrap ({settings.kafka.bootstrap}) and its login"
    if isinstance(error, StoreUnavailable):
        return "start Redis, or correct redis.url and its password"
    return error.remedy if isinstance(error, Stop) else ""


def versions() -> list[Finding]:
    """What is installed, and whether it is what this version of Penchant wants."""
    shown = ", ".join(f"{name} {version(name)}" for name in SHOWN)
    findings = [Finding("versions", INFO, f"penchant {__version__}, Python {platform.python_version()}, {shown}")]
    try:
        lines = requires("penchant") or ()
    except PackageNotFoundError:  # run from a folder of sources
        return findings
    for name, wanted in (match.groups() for line in lines if (match := EXACTLY.fullmatch(line))):
        if version(name) != wanted:
            found = f"{name} {version(name)} is installed, {wanted} is wanted: its insides are overridden"
            findings.append(Finding("versions", ERROR, found, f"pip install {name}=={wanted}"))
    return findings
