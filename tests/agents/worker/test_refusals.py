"""Refusals: a dead-letter topic that does not take what is refused is an outage, while somebody waits for it."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace

from agents.health.statistics import Meter
from agents.worker.partition import Partition
from agents.worker.refusals import Refusals
from streams.errors import BrokerUnavailable
from streams.events.decoding import Refusal
from streams.records.dead_letters import DeadLetter, LimitRules
from tests.until import until


class Topic:
    """Takes letters unless it is away."""

    def __init__(self) -> None:
        self.away = True
        self.letters: list[DeadLetter] = []

    async def send(self, letters: Sequence[DeadLetter]) -> None:
        if self.away:
            raise BrokerUnavailable("no leader")
        self.letters += letters


async def test_it_counts_as_away_until_it_takes_them() -> None:
    """Then the letters are counted by reason, once, and nothing is away."""
    topic, meter, partition = Topic(), Meter(), Partition(0, 1, 0.0)
    refusals = Refusals(topic, LimitRules(), meter)
    sending = asyncio.create_task(refusals.send(partition, "clicks", [_refused(partition)]))
    await until(lambda: refusals.away == "no leader")
    assert meter.dead_letters == 0
    topic.away = False
    await sending
    assert refusals.away is None
    assert [letter.offset for letter in topic.letters] == [7]
    assert meter.dead_letter_reasons == {"json": 1}


async def test_nobody_waits_for_a_partition_that_went() -> None:
    """When the partition is no longer ours, its letters are somebody else's, and so is the outage."""
    partition = Partition(0, 1, 0.0)
    refusals = Refusals(Topic(), LimitRules(), Meter())
    sending = asyncio.create_task(refusals.send(partition, "clicks", [_refused(partition)]))
    await until(lambda: refusals.away is not None)
    partition.end()
    await sending
    assert refusals.away is None


def _refused(partition: Partition) -> tuple[Refusal, object]:
    record = SimpleNamespace(offset=7, timestamp=0, key=b"ada", value=b"no json", headers=())
    return Refusal(record, "json"), partition.ledger.owe(7, None, 0.0)
