"""The systems that `penchant bench ingest` compares, on a few events each."""

from pathlib import Path

import pytest

from benchmarks import ingest, systems
from benchmarks.load import Load, fill, make_topic
from benchmarks.servers import servers

EVENTS, SHOPPERS = 20_000, 300


@pytest.mark.kafka
@pytest.mark.redis
async def test_all_systems_fold_the_same_events_to_the_same_sessions(tmp_path: Path) -> None:
    """Nobody is left out, and nobody folds otherwise than we do."""
    digests: dict[str, int] = {}
    async with servers(tmp_path) as stage:
        await make_topic(stage.kafka.address, "events", 4)
        await fill(stage.kafka.address, "events", Load(EVENTS, SHOPPERS).records())
        for system in (systems.OURS, *systems.OTHERS):
            if system.environment is not None:
                assert await system.environment.install() is None, system.name
            told = await systems.measure(ingest.command(system, stage, "events", EVENTS))
            digests[system.name] = told["digest"]
    assert set(digests.values()) == {digests[systems.OURS.name]}, digests
