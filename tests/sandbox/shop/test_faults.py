"""Faults: broken on purpose, in known shares, and broken for sure."""

from itertools import islice

import pytest

from sandbox.shop.faults import BREAKS, spoil
from sandbox.shop.shoppers import ShopperTraffic
from sandbox.shop.timeline import Timed
from streams.events.decoding import Decoder
from streams.events.event import ShopperEvent
from streams.events.formats.rows import BadRow


def _plain(count: int = 1_000) -> list[Timed]:
    return list(islice(ShopperTraffic(1, 50).events(), count))


class Record:
    """A broken record as a broker would deliver it."""

    offset, timestamp = 0, 1_700_000_000_000
    headers: tuple[tuple[str, bytes | None], ...] = ()

    def __init__(self, row: BadRow) -> None:
        self.key, self.value = row.key, row.value


def test_no_share_changes_nothing() -> None:
    """Without faults it is the same traffic."""
    assert list(spoil(_plain(), 1)) == _plain()


def test_every_broken_record_is_refused() -> None:
    """The dead letters of a run are the bad records that were sent, of every kind there is."""
    broken = [event for _, event in spoil(_plain(), 1, bad=1.0)]
    rows = [event for event in broken if isinstance(event, BadRow)]
    assert len(rows) == 1_000
    refused = Decoder().decode([Record(row) for row in rows]).refused
    assert len(refused) == 1_000
    assert {refusal.reason for refusal in refused} == {"json", "schema", "unit", "key"}
    assert len(BREAKS) == 6


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_shares_are_kept(share: float) -> None:
    """About as many as asked for are broken, the others are untouched, and the seed decides which."""
    spoiled = list(spoil(_plain(), 1, bad=share))
    good = [timed for timed in spoiled if isinstance(timed[1], ShopperEvent)]
    assert 1 - len(good) / 1_000 == pytest.approx(share, abs=0.05)
    assert set(good) <= set(_plain())
    assert spoiled == list(spoil(_plain(), 1, bad=share)) != list(spoil(_plain(), 2, bad=share))


def test_twice_is_the_same_event_again() -> None:
    """As a producer that tries again would send it."""
    twice = list(spoil(_plain(10), 1, twice=1.0))
    assert twice[::2] == twice[1::2] == _plain(10)


def test_late_is_an_earlier_event_time_at_the_same_place() -> None:
    """What was long under way arrives now and says that it happened then."""
    for (at_s, event), (sent_at_s, sent) in zip(_plain(), spoil(_plain(), 1, late=1.0), strict=True):
        assert isinstance(event, ShopperEvent)
        assert isinstance(sent, ShopperEvent)
        assert sent_at_s == at_s
        assert 0 <= event.time_ms - sent.time_ms < 60_000
        assert sent.event_id == event.event_id
