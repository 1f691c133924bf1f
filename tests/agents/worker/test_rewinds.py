"""Rewinds: at once the first time, later each time in vain, and the age of what waits is handed on."""

from agents.health.statistics import Meter
from agents.worker.partition import Partition
from agents.worker.rewinds import FIRST_S, LONGEST_S, Rewinds
from streams.kafka.batches import TP
from streams.records.erasures import Erasure

HERE = TP("events", 0)


def partition(uncovered: int, since_s: float) -> Partition:
    """One whose first uncovered event stands there since then."""
    home = Partition(0, 1, 0.0)
    home.ledger.owe(uncovered, None, since_s)
    home.ledger.received(uncovered + 5)
    return home


def again(rewinds: Rewinds, home: Partition, now_s: float) -> Partition:
    """Read again: the same event waits in a new epoch, in which it came just now."""
    rewinds.begin(HERE, home, "erased", now_s)
    fresh = Partition(0, 2, 0.0)
    fresh.carried = rewinds.carried(HERE)
    rewinds.end()
    fresh.ledger.owe(home.ledger.uncovered() or 0, None, now_s)
    return fresh


def test_what_waits_in_vain_waits_longer_each_time() -> None:
    """Up to a bound; once anything was covered it is read again at once."""
    meter = Meter()
    rewinds, home, now_s = Rewinds(meter), partition(7, 100.0), 100.0
    assert rewinds.due(HERE, home, now_s)
    waits = []
    for _ in range(8):
        home = again(rewinds, home, now_s)
        began_s = now_s
        while not rewinds.due(HERE, home, now_s):
            now_s += 0.25
        waits.append(now_s - began_s)
    assert waits == [FIRST_S, 1.0, 2.0, 4.0, 8.0, LONGEST_S, LONGEST_S, LONGEST_S]
    assert meter.rewinds == {"erased": 8}
    assert rewinds.due(HERE, partition(8, now_s), now_s)


def test_the_age_of_what_waits_outlives_its_epochs() -> None:
    """Until it is covered. Health would else take a worker for well that reads the same again and again."""
    rewinds = Rewinds(Meter())
    home = again(rewinds, again(rewinds, partition(7, 100.0), 110.0), 120.0)
    assert home.oldest_s() == 100.0
    head = home.ledger.head()
    assert head is not None
    head.settle()
    home.ledger.received(12)
    home.ledger.owe(13, None, 125.0)
    assert home.oldest_s() == 125.0


def test_a_partition_that_another_worker_had_brings_no_age() -> None:
    """What was read again went to somebody else in between."""
    rewinds = Rewinds(Meter())
    rewinds.begin(HERE, partition(7, 100.0), "stale", 110.0)
    rewinds.end()
    assert rewinds.carried(HERE) is None


def test_the_store_is_told_before_anything_is_read_again() -> None:
    """Else the same write would be refused once more."""
    home = partition(7, 100.0)
    home.untold["ada"] = Erasure("ada", 7, 0, (5,))
    assert not Rewinds(Meter()).due(HERE, home, 1e9)


def test_each_event_that_our_code_fails_at_is_met_without_waiting() -> None:
    """Every time one more record is known, and is refused; ten of them in a row are no livelock."""
    rewinds, home = Rewinds(Meter()), partition(7, 100.0)
    for _ in range(10):
        home = again(rewinds, home, 100.0)
        home.stale = "fault"
        assert rewinds.due(HERE, home, 100.0)
