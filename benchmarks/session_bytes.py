"""Session bytes: what a shopper's session costs in memory, hot and packed."""

import gc
import tracemalloc
from types import SimpleNamespace

from agents.worker.partition import Partition
from agents.worker.shoppers import Shopper
from benchmarks.load import Load
from streams.events.decoding import Decoder
from streams.sessions.session import SessionRules, fold

EVENTS = 20


def bytes_per_session(sessions: int) -> dict[str, int]:
    """Bytes of one session of 20 events, its shopper included, averaged over so many.

    Products are shared between sessions, as in a worker, and are not counted.
    """
    load = Load(EVENTS * sessions, sessions, in_turns=True)
    records = [
        SimpleNamespace(offset=at, timestamp=each.time_ms, key=each.key, value=each.value, headers=())
        for at, each in enumerate(load.records())
    ]
    decoder, home, rules = Decoder(), Partition(0, 1, 10.0), SessionRules()
    decoder.decode(records)  # products are remembered from here on
    ids = [f"shopper-{number:07d}" for number in range(sessions)]
    tracemalloc.start()
    try:
        before = _traced()
        home.shoppers.update((shopper_id, Shopper(shopper_id, home)) for shopper_id in ids)
        for turn, (offset, timestamp_ms, event) in enumerate(decoder.decode(records).events):
            fold(home.shoppers[ids[turn % sessions]].session, event, offset, timestamp_ms, rules)
        hot = _traced() - before
        for shopper in home.shoppers.values():
            shopper.pack()
        packed = _traced() - before
    finally:
        tracemalloc.stop()
    return {"hot": round(hot / sessions), "packed": round(packed / sessions)}


def _traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
