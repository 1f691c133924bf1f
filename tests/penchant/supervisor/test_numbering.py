"""What each of several workers has of its own, and how many there are."""

from pathlib import Path

import pytest

from penchant.settings.root import Settings
from penchant.supervisor.numbering import numbered, worker_count
from streams.errors import SettingInvalid


def settings(port: int = 8080, name: str | None = "pod-3") -> Settings:
    """With a health port and an instance id."""
    return Settings.model_validate({"kafka": {"instance_id": name}, "health": {"port": port}})


def test_names_and_ports_go_by_number() -> None:
    """The second one is pod-3-2 at 8082; everything else is as it was."""
    second = numbered(settings(), 2)
    assert (second.kafka.instance_id, second.health.port) == ("pod-3-2", 8082)
    assert second.model_copy(update={"kafka": settings().kafka, "health": settings().health}) == settings()


def test_what_is_not_wanted_is_not_made() -> None:
    """Without an instance id or a port none of them has one."""
    second = numbered(settings(0, None), 2)
    assert (second.kafka.instance_id, second.health.port) == (None, 0)


def test_there_must_be_such_a_port() -> None:
    """A port beyond the last is refused, by the name of the setting."""
    assert numbered(settings(65_533), 2).health.port == 65_535
    with pytest.raises(SettingInvalid, match=r"health\.port = 65534: worker 2"):
        numbered(settings(65_534), 2)


def test_auto_is_what_the_container_may_use(tmp_path: Path) -> None:
    """A quota of a core and a half is two workers at the most; none, or no such file, as many as there are cores."""
    quota = tmp_path / "cpu.max"
    cores = worker_count("auto", quota)
    assert cores >= 1
    for granted, expected in (("50000 100000", 1), ("150000 100000", min(cores, 2)), ("max 100000", cores)):
        quota.write_text(f"{granted}\n")
        assert worker_count("auto", quota) == expected


@pytest.mark.parametrize("asked", ["0", "-1", "two", "1.5", ""])
def test_other_counts_are_refused(asked: str) -> None:
    """With what to write instead."""
    with pytest.raises(SettingInvalid, match=r"--workers .*\n  remedy: write 2, or auto"):
        worker_count(asked)
