"""Player: each event at its time, to the end, and never more than asked for."""

import asyncio
import threading
import time
from collections.abc import Generator, Iterable
from itertools import count
from pathlib import Path

import pytest

from sandbox.shop.player import CHUNK, Player
from sandbox.shop.timeline import Timed, timed
from streams.errors import BrokerUnavailable
from streams.events.decoding import Decoder
from streams.events.event import ShopperEvent
from streams.events.formats.rows import BadRow
from streams.events.recording import recording

OTTO = Path(__file__).parents[2] / "data" / "otto_sessions.jsonl"


class Sent:
    """Remembers what was sent and when; holds or fails when told to."""

    timestamp = 0

    def __init__(self) -> None:
        self.records: list[tuple[float, bytes | None, bytes]] = []
        self.flushed = 0
        self.fails = False
        self.first = asyncio.Event()

    async def send(self, key: bytes | None, value: bytes) -> None:
        if self.fails:
            raise BrokerUnavailable("away")
        self.records.append((asyncio.get_running_loop().time(), key, value))
        self.first.set()
        await asyncio.sleep(0)

    async def flush(self) -> None:
        self.flushed = len(self.records)

    def events(self) -> list[ShopperEvent]:
        """What a worker would make of it."""

        class Record:
            headers: tuple[tuple[str, bytes | None], ...] = ()

            def __init__(self, offset: int, key: bytes | None, value: bytes) -> None:
                self.offset, self.key, self.value, self.timestamp = offset, key, value, 1_700_000_000_000

        records = [Record(offset, key, value) for offset, (_, key, value) in enumerate(self.records)]
        return [event for _, _, event in Decoder().decode(records).events]


def _at(at_s: float, shopper: str = "s") -> Timed:
    event = ShopperEvent(event_id=f"{at_s}", shopper_id=shopper, action="view", time_ms=int(at_s * 1_000))
    return at_s, event


def _timeline(entries: Iterable[Timed]) -> Generator[Timed]:
    yield from entries


async def test_everything_is_sent_in_order_keyed_by_shopper_and_waited_for() -> None:
    """More than one chunk, and nothing is lost between them."""
    sent, number = Sent(), 3 * CHUNK + 7
    player = Player(sent)
    await player.play(_timeline(_at(0, f"s{n % 5}") for n in range(number)))
    assert [key for _, key, _ in sent.records] == [f"s{n % 5}".encode() for n in range(number)]
    assert sent.flushed == number
    assert (player.played.sent, player.played.bad, player.played.shoppers) == (number, 0, 5)


async def test_no_event_is_sent_before_its_time_and_all_say_when_they_happened() -> None:
    """Event times are the playing clock's."""
    sent = Sent()
    began_s, began_ms = asyncio.get_running_loop().time(), time.time_ns() // 1_000_000
    await Player(sent).play(_timeline([_at(0), _at(0.1), _at(0.2)]))
    ended_ms = time.time_ns() // 1_000_000
    for (sent_s, _, _), event, at_s in zip(sent.records, sent.events(), (0, 0.1, 0.2), strict=True):
        assert sent_s >= began_s + at_s
        assert began_ms + at_s * 1_000 <= event.time_ms <= ended_ms
    assert sent.events()[2].time_ms - sent.events()[0].time_ms == 200


async def test_kept_times_are_kept() -> None:
    """The event is sent as it was recorded."""
    sent = Sent()
    recorded = ShopperEvent(event_id="e", shopper_id="s", action="view", time_ms=1_569_888_000_000)
    await Player(sent, keep_times=True).play(timed([recorded], keep_times=True))
    assert sent.events() == [recorded]


async def test_bad_rows_are_sent_as_they_are_and_counted() -> None:
    """They are for the pipeline to refuse."""
    sent = Sent()
    player = Player(sent)
    await player.play(_timeline([(0, BadRow(b"s", b"one")), _at(0), (0, BadRow(None, b"two"))]))
    assert [(key, value) for _, key, value in sent.records[::2]] == [(b"s", b"one"), (None, b"two")]
    assert (player.played.sent, player.played.bad, player.played.shoppers) == (3, 2, 1)


async def test_it_ends_after_the_seconds_given() -> None:
    """Also where the next event is an hour away; what was sent before is waited for."""
    sent = Sent()
    player = Player(sent)
    await player.play(_timeline([_at(0), _at(3_600)]), seconds=0.1)
    assert (sent.flushed, player.played.sent) == (1, 1)
    assert player.played.seconds >= 0.1


@pytest.mark.parametrize("wait_s", [0.0, 3_600.0])
async def test_stop_ends_it_and_waits_for_what_was_sent(wait_s: float) -> None:
    """Whether it is waiting for an event's time or busy with an endless timeline."""
    sent = Sent()
    player = Player(sent)
    closed = []

    def endless() -> Generator[Timed]:
        try:
            for number in count():
                yield _at(number * wait_s)
        finally:
            closed.append(True)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(player.play(endless()))
        await sent.first.wait()
        player.stop()
    assert sent.flushed == len(sent.records) == player.played.sent
    assert closed


async def test_cancelling_closes_the_timeline() -> None:
    """No file stays open, also when a thread was reading it."""
    closed = []

    def slow() -> Generator[Timed]:
        try:
            while True:
                time.sleep(0.001)  # it runs in the player's thread
                yield _at(0)
        finally:
            closed.append(True)

    playing = asyncio.create_task(Player(Sent()).play(slow()))
    await asyncio.sleep(0.02)
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    assert closed


async def test_a_broker_that_is_away_is_told() -> None:
    """The player does not go on as if it had sent."""
    sent = Sent()
    sent.fails = True
    player = Player(sent)
    with pytest.raises(BrokerUnavailable):
        await player.play(_timeline([_at(0)]))
    assert player.played.sent == 0


async def test_a_recording_is_read_in_a_thread_of_its_own() -> None:
    """Reading from a disk must not hold up the event loop; every row of the file is sent."""
    sent, threads = Sent(), set()

    def watched() -> Generator[Timed]:
        for entry in timed(recording(OTTO), 1e9):
            threads.add(threading.get_ident())
            yield entry

    await Player(sent).play(watched())
    assert len(sent.events()) == 862
    assert threading.get_ident() not in threads
