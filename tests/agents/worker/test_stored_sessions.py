"""Sessions that cannot be read: damaged, or packed by a later version after a rollback."""

import zlib
from collections.abc import Callable

import orjson
import pytest
from structlog.testing import capture_logs

from agents.health.statistics import Meter
from agents.worker.backlog import Backlog
from agents.worker.backlog_rules import BacklogRules
from agents.worker.partition import Partition
from agents.worker.recall import Recall
from agents.worker.shoppers import Shopper
from agents.worker.stored_sessions import LOGGED
from storage.checkpoints import Context, Verdict, Write
from streams.events.event import Item, ShopperEvent
from streams.sessions.packing import VERSIONS, dump, load
from streams.sessions.positions import Position
from streams.sessions.session import MEANINGFUL, REPEATED, Folded, Session, SessionRules, fold
from streams.sessions.triggers import TriggerRules
from tests.fakes.store import MemoryStore

FAR_MS = 10**14
PACKED_BY_1 = zlib.compress(
    b'[1,7,7,1000,1000,1,0,[0,[],[],[]],[0,[],[],[]],[["k","Kettle","home","Tarn",9.5,"EUR",1]],["e7"],[0],[0],[0]]'
)
"""A session as version 1 packs it. Whatever the version is, it must be read."""


def later(session: Session) -> bytes:
    """The session as a later version packs it."""
    return zlib.compress(orjson.dumps([VERSIONS[-1] + 1, {"folded": session.folded}]))


def changed(session: Session, at: int, value: object) -> bytes:
    """The session as this version packs it, but for one value."""
    values = orjson.loads(zlib.decompress(dump(session)))
    return zlib.compress(orjson.dumps([*values[:at], value, *values[at + 1 :]]))


DAMAGE: dict[str, Callable[[Session], bytes]] = {
    "nothing": lambda _: b"",
    "no deflate": lambda _: b"\x00\xff not deflate",
    "cut": lambda session: dump(session)[:-9],
    "another shape": lambda _: zlib.compress(b'{"version":1}'),
    "no session": lambda _: zlib.compress(b"[1]"),
    "a number": lambda _: zlib.compress(b"7"),
    "an unknown action": lambda session: changed(session, 12, [250]),
    "rows that do not match": lambda session: changed(session, 10, []),
    "a time beyond all numbers": lambda session: changed(session, 3, 2**63),
    "a later version": later,
}


def view(shopper: Shopper, offset: int) -> Folded:
    event = ShopperEvent(f"e{offset}", shopper.id, "view", 1_000 * offset, items=(Item("k", "Kettle"),))
    return fold(shopper.session, event, offset, 1_000 * offset, SessionRules())


class Bench:
    """A store that holds one shopper's context at offset 7, and workers that recall it."""

    def __init__(self) -> None:
        self.store, self.meter, self.base = MemoryStore(lambda: 0), Meter(), -1
        self.backlog = Backlog(TriggerRules(), BacklogRules())
        self.recall = Recall(self.store, self.store, self.backlog, 0, meter=self.meter)

    async def hold(self, packed: bytes, *, offset: int = 7) -> Verdict:
        """Write the context as somebody else would."""
        context = Context("ada", Position(0, offset, 0), 3, "w:1", packed)
        base, self.base = self.base, offset
        return (await self.store.write([Write(context, FAR_MS, base=base)]))[0]

    async def known(self) -> Shopper:
        """Ada as the next owner of the partition loads her."""
        home = Partition(3, 2, 0.0)
        await self.recall.known(home, ["ada", "bob"])
        return home.shoppers["ada"]


@pytest.mark.parametrize("damage", DAMAGE)
async def test_an_unreadable_session_begins_anew(damage: str) -> None:
    """The shopper alone, at the stored position: what was covered is not counted twice, and what comes is stored."""
    bench, session = Bench(), load(PACKED_BY_1)
    await bench.hold(DAMAGE[damage](session))
    ada = await bench.known()
    assert ada.folded == 7
    assert (ada.session.folded, ada.session.durable, ada.session.events) == (7, 7, 0)
    assert bench.meter.sessions_unreadable == 1
    assert view(ada, 7) is REPEATED
    assert view(ada, 8) is MEANINGFUL
    assert await bench.hold(dump(ada.session), offset=8) is Verdict.ACCEPTED
    again = await bench.known()
    assert again.session == ada.session
    assert bench.meter.sessions_unreadable == 1


async def test_a_rollback_and_the_upgrade_after_it_stop_nobody() -> None:
    """A later version stores; this one begins anew and stores; whoever reads this version's sessions goes on."""
    bench = Bench()
    await bench.hold(PACKED_BY_1)
    before = await bench.known()
    await bench.hold(later(before.session), offset=8)
    rolled_back = await bench.known()
    view(rolled_back, 9)
    await bench.hold(dump(rolled_back.session), offset=9)
    assert (await bench.known()).session == rolled_back.session
    assert bench.meter.sessions_unreadable == 1


def test_earlier_versions_are_read() -> None:
    """An upgrade begins nobody anew."""
    session = load(PACKED_BY_1)
    assert (session.folded, session.events, [row.item for row in session.rows()]) == (
        7, 1, [Item("k", "Kettle", "home", "Tarn", 9.5, "EUR", 1)],
    )  # fmt: skip


async def test_the_log_names_some_keys_and_the_counter_counts_all() -> None:
    """After a rollback there may be millions."""
    bench, ids = Bench(), [f"s{number}" for number in range(2 * LOGGED)]
    await bench.store.write([Write(Context(each, Position(0, 7, 0), 3, "w:1", b""), FAR_MS) for each in ids])
    home = Partition(3, 2, 0.0)
    with capture_logs() as lines:
        await bench.recall.known(home, ids)
        assert [home.shoppers[each].session.folded for each in ids] == [7] * len(ids)
    assert bench.meter.sessions_unreadable == 2 * LOGGED
    assert [line["key"] for line in lines] == ids[:LOGGED]
    assert all("replay" in line["remedy"] for line in lines)
