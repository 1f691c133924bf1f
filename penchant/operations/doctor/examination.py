"""Examination: all checks at once, each bounded in time; one that fails says so and hides nothing of the others."""

import asyncio
import os
import platform
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from typing import NamedTuple

from penchant import __version__
from penchant.operations.doctor import brokers, fleet, intents, kafka, models, redis, rights
from penchant.operations.doctor.findings import ERROR, INFO, Finding
from penchant.operations.doctor.relations import relations
from penchant.operations.rights.roles import ROLES
from penchant.settings.root import Settings
from streams.errors import BrokerUnavailable, PenchantError, SettingInvalid, Stop, StoreUnavailable
from streams.events.native_reader import decoder_name

BOUND_S = 30.0
"""How long one check may take; what it asks is bounded more tightly itself."""

PATIENCE_S = 5.0
"""How long Redis may take: all checks begin at once, and hold each other up."""

Examine = Callable[[Settings], Awaitable[list[Finding]]]


class Check(NamedTuple):
    """What is examined, and the checks without which it would only find the same cause again."""

    examine: Examine
    needs: tuple[str, ...] = ()


SIDE = ("erasure", "intents", "history", "impressions")

WORKER: Mapping[str, Check] = {
    "model": Check(models.examine),
    "fleet": Check(fleet.examine, ("redis", "rights of Redis")),
    "intents": Check(intents.examine, ("redis", "rights of Redis")),
    "events": Check(kafka.examine_events, ("kafka", "right to kafka.topic")),
    "dead letters": Check(kafka.examine_dead_letters, ("kafka", "right to kafka.dead_letter_topic")),
    "side topics": Check(
        kafka.examine_side_topics,
        ("kafka", *(f"right to kafka.{name}_topic" for name in SIDE), "redis", "rights of Redis"),
    ),
    "lineage": Check(kafka.examine_lineage, ("kafka", "events", "right to kafka.group", "redis", "rights of Redis")),
}
"""What else a worker needs."""


def checks_of(role: str) -> Mapping[str, Check]:
    """The checks of a role, by name; each stands behind what it needs. SettingInvalid when there is no such role."""
    if role not in ROLES:
        raise SettingInvalid(f"there is no role {role!r}", f"it is one of: {', '.join(ROLES)}")
    lines = ROLES[role]
    checks = {"kafka": Check(brokers.examine)} if lines.kafka else {}
    checks |= {"redis": Check(redis.examine)}
    for right in lines.kafka:
        name = (
            f"right to {right.setting}"
            if right.operation == "READ" or role == "worker"
            else f"right to {right.operation} {right.setting}"
        )
        checks[name] = Check(partial(rights.examine_kafka, right=right), ("kafka",))
    checks["rights of Redis"] = Check(partial(rights.examine_redis, role=lines), ("redis",))
    return {**checks, **WORKER} if role == "worker" else checks


EXACTLY = re.compile(r"([\w-]+)==([\w.]+)")
"""A requirement of one version only."""

SHOWN = ("faust-streaming", "aiokafka", "redis", "pydantic", "tritonclient")


CHECKS = checks_of("worker")


async def examine(settings: Settings, checks: Mapping[str, Check] = CHECKS, bound_s: float = BOUND_S) -> list[Finding]:
    """Everything that there is to say, by subject; each cause once."""
    patient = replace(settings.redis, timeout_s=max(settings.redis.timeout_s, PATIENCE_S))
    asked = settings.model_copy(update={"redis": patient})
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    running: dict[str, asyncio.Task[list[Finding] | None]] = {}
    async with asyncio.TaskGroup() as group:
        for name, check in checks.items():
            needed = [running[need] for need in check.needs]
            running[name] = group.create_task(_run(name, check, asked, bound_s, needed))
    found = [finding for task in running.values() for finding in task.result() or ()]
    barred = ", ".join(name for name, task in running.items() if task.result() is None)
    last = [Finding("examination", INFO, f"not looked at before the errors are mended: {barred}")] if barred else []
    return [*versions(), *relations(settings, memory_bytes), *found, *last]


async def _run(
    name: str, check: Check, settings: Settings, bound_s: float, needed: Iterable[Awaitable[list[Finding] | None]]
) -> list[Finding] | None:
    """None where what it needs is not there: it would only find that again."""
    for need in needed:
        if _bars(await need):
            return None
    try:
        async with asyncio.timeout(bound_s):
            return await check.examine(settings)
    except TimeoutError:
        return [Finding(name, ERROR, f"not done within {bound_s:g} s", "see whether the network drops packets")]
    except PenchantError as exc:
        return [Finding(name, ERROR, str(exc).partition("\n")[0], _remedy(exc))]


def _bars(findings: list[Finding] | None) -> bool:
    """Whether nothing was learnt but what is wrong."""
    return findings is None or (bool(findings) and all(each.severity == ERROR for each in findings))


def _remedy(error: PenchantError) -> str:
    if isinstance(error, BrokerUnavailable):
        return "see the brokers' logs, and whether this machine reaches the addresses of advertised.listeners"
    if isinstance(error, StoreUnavailable):
        return "start Redis, or correct redis.url and its password"
    return error.remedy if isinstance(error, Stop) else ""


def versions() -> list[Finding]:
    """What is installed, and whether it is what this version of Penchant wants."""
    shown = ", ".join(f"{name} {version(name)}" for name in SHOWN)
    findings = [
        Finding("versions", INFO, f"penchant {__version__}, Python {platform.python_version()}, {shown}"),
        Finding("decoder", INFO, f"native events are read in {decoder_name()}"),
    ]
    try:
        lines = requires("penchant") or ()
    except PackageNotFoundError:  # run from a folder of sources
        return findings
    for name, wanted in (match.groups() for line in lines if (match := EXACTLY.fullmatch(line))):
        if version(name) != wanted:
            found = f"{name} {version(name)} is installed, {wanted} is wanted: its insides are overridden"
            findings.append(Finding("versions", ERROR, found, f"pip install {name}=={wanted}"))
    return findings
