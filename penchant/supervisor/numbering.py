"""Numbering: how many workers a host takes, and what each has of its own by its number."""

import os
from dataclasses import replace
from math import ceil
from pathlib import Path

from penchant.settings.root import Settings
from streams.errors import SettingInvalid

LAST_PORT = 65_535
QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""What a container may have of processors: microseconds of each period, both in one line; `max` is all of them."""


def worker_count(asked: str, quota: Path = QUOTA) -> int:
    """How many are asked for: a number from 1, or `auto`, one for each core that this process may use."""
    if asked == "auto":
        return min(_usable_cores(), _granted_cores(quota))
    if not asked.isdecimal() or int(asked) < 1:
        raise SettingInvalid(f"--workers {asked}: neither a number from 1 nor auto", "write 2, or auto: one a core")
    return int(asked)


def numbered(settings: Settings, number: int) -> Settings:
    """The settings of this worker of several: kafka.instance_id with its number behind it, the health port so far up.
    SettingInvalid where there is no such port."""
    kafka, health = settings.kafka, settings.health
    if health.port + number > LAST_PORT:
        raise SettingInvalid(
            f"health.port = {health.port}: worker {number} would listen {number} above it",
            "choose a port with as many above it as there are workers",
        )
    name = None if kafka.instance_id is None else f"{kafka.instance_id}-{number}"
    port = health.port + number if health.port else 0
    own = {"kafka": replace(kafka, instance_id=name), "health": replace(health, port=port)}
    return settings.model_copy(update=own)


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _granted_cores(quota: Path) -> int:
    """By a container's quota, rounded up; a host has none."""
    try:
        granted, period = quota.read_text(encoding="ascii").split()
        return max(1, ceil(int(granted) / int(period)))
    except (OSError, ValueError):
        return _usable_cores()
