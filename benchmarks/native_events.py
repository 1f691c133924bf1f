"""Native events: what decoding one costs, alone and with its fold, in Python and, where it is installed, in Rust."""

import asyncio
import gc
import time
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.dialect_records import Sent
from benchmarks.intervals import interval, ratio, round_off
from benchmarks.load import Load
from streams.events.decoding import Decoder
from streams.events.native_reader import decoder_name
from streams.sessions.session import Session, SessionRules, fold

BATCH = 250
EVENTS_PER_SHOPPER = 20
UNTIL_MS = 1_800_000_000_000


async def measure(events: int, rounds: int) -> list[dict[str, Any]]:
    """A row for each reader: least and middle of the rounds' processor time for one event. They take turns, and know
    the products."""
    records = [
        Sent(offset, record.time_ms, record.key, record.value)
        for offset, record in enumerate(Load(events, events // EVENTS_PER_SHOPPER, until_ms=UNTIL_MS).records())
    ]
    readers = {decoder_name(): Decoder(), "Python": Decoder(native=False)}
    decoding: dict[str, list[float]] = {name: [] for name in readers}
    folding: dict[str, list[float]] = {name: [] for name in readers}
    for number in range(rounds + 1):
        for name, decoder in readers.items():
            alone, whole = (_cost_us(records, decoder, is_folded=is_folded) for is_folded in (False, True))
            if number:  # in the first round all products are new
                decoding[name].append(alone)
                folding[name].append(whole)
            await asyncio.sleep(0)  # so that it can be interrupted
    return [_row(name, decoding, folding) for name in readers]


def _cost_us(records: Sequence[Sent], decoder: Decoder, *, is_folded: bool) -> float:
    """As a worker goes about it: in batches, with the collector at rest."""
    sessions: dict[str, Session] = {}
    rules = SessionRules()
    gc.collect()
    gc.disable()
    began_s = time.process_time()
    for first in range(0, len(records), BATCH):
        for offset, timestamp_ms, event in decoder.decode(records[first : first + BATCH]).events:
            if not is_folded:
                break
            session = sessions.get(event.shopper_id)
            if session is None:
                session = sessions[event.shopper_id] = Session()
            fold(session, event, offset, timestamp_ms, rules)
    spent_s = time.process_time() - began_s
    gc.enable()
    return spent_s / len(records) * 1e6


def _row(name: str, decoding: Mapping[str, list[float]], folding: Mapping[str, list[float]]) -> dict[str, Any]:
    times = ratio(folding["Python"], folding[name])
    return {
        "reader": name,
        "decode_us": round_off(interval(decoding[name]).middle),
        "decode_least_us": round_off(min(decoding[name])),
        "decode_fold_us": round_off(interval(folding[name]).middle),
        "decode_fold_least_us": round_off(min(folding[name])),
        "times_python": round_off(times.middle),
        "times_python_interval": times.bounds,
    }
