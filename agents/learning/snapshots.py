"""Snapshots: reads one, makes one of what all partitions taught, and closes the days that are over."""

import asyncio
from collections.abc import Sequence

import structlog

from agents.learning.rules import LearningRules
from prompts.learned.counts import Day, Totals, day_of
from prompts.learned.foresight import Foresight
from prompts.learned.packing import dump_totals, load_days, load_totals
from prompts.learned.predictor import Predictor
from prompts.learned.snapshot import load, snapshot
from storage.counts import CountStore
from streams.errors import SettingInvalid, StoreCorrupt
from streams.events.sensitivity import Sensitivity

log = structlog.get_logger()

MOST_PAIRS = 400_000
"""The most pairs of a day over all partitions."""


async def make_snapshot(
    store: CountStore, partitions: int, rules: LearningRules, now_ms: int, sensitivity: Sensitivity
) -> bool:
    """Merge, close, and publish, with the categories of cards that are not sensitive; whether there was anything that
    enough shoppers support, or a category. Done again it comes to the same. Raises StoreUnavailable or StoreCorrupt."""
    totals = await _totals(store)
    days: dict[int, Day] = {}
    for number in range(partitions):
        body = await store.lessons(number)
        if body is not None:
            await asyncio.to_thread(_merge, days, body, totals.day if totals.days else 0)
    today = day_of(now_ms)
    closed, learned = await asyncio.to_thread(_counted, totals, days, today)
    if closed is not totals:
        await store.close_days(await asyncio.to_thread(dump_totals, closed))
    shelf = await asyncio.to_thread(_harmless, await store.shelf(), sensitivity)
    made = await asyncio.to_thread(snapshot, learned, now_ms, rules.support, shelf=shelf)
    if not any(made.tables.values()):
        return False
    await store.publish(made.name, made.dump(), round(rules.keep_s))
    return True


async def foresight_of(store: CountStore, name: str, predictor: Predictor | None = None) -> Foresight | None:
    """By a stored snapshot, and a predictor that its name may ask for behind a plus; None where it is not kept any
    more. Raises StoreUnavailable or StoreCorrupt; SettingInvalid for another predictor than the one asked for."""
    name, _, asked = name.partition("+")
    if asked and asked != (predictor.name if predictor else ""):
        has = predictor.name if predictor else "none"
        raise SettingInvalid(
            f"the predictor {asked} is asked for, and there is {has}", "name its file in learning.predictor"
        )
    body = await store.snapshot(name)
    if body is None:
        return None
    try:
        return Foresight(await asyncio.to_thread(load, body), predictor)
    except SettingInvalid as error:
        raise StoreCorrupt(f"snapshot {name}", str(error)) from error


def _harmless(categories: Sequence[str], sensitivity: Sensitivity) -> list[str]:
    """Those that are not sensitive."""
    return [each for each in categories if sensitivity.of_texts(each).handling == "allow"]


async def _totals(store: CountStore) -> Totals:
    body = await store.totals()
    try:
        return Totals() if body is None else await asyncio.to_thread(load_totals, body)
    except ValueError as error:
        log.warning("learning.unreadable", error=str(error), then="closed days begin anew")
        return Totals()


def _merge(days: dict[int, Day], body: bytes, after: int) -> None:
    """Add what a partition taught on days that are not closed."""
    try:
        taught = load_days(body)
    except ValueError as error:
        log.warning("learning.unreadable", error=str(error), then="one partition teaches nothing this hour")
        return
    for day in taught:
        if day.number > after:
            days.setdefault(day.number, Day(day.number, MOST_PAIRS)).merge(day)


def _counted(totals: Totals, days: dict[int, Day], today: int) -> tuple[Totals, Totals]:
    """All closed days, with those before yesterday, and the same with the open ones."""
    closed = totals
    for number in sorted(number for number in days if number < today - 1):
        closed = closed.after(days[number])
    learned = closed
    for number in sorted(number for number in days if number >= today - 1):
        learned = learned.after(days[number])
    return closed, learned
