"""Shadows: they are asked, counted and compared, and touch nothing."""

import asyncio
from collections.abc import Mapping

import orjson
import pytest

from agents.experiments.assignment import Arm, Experiment
from agents.worker.shadow import MOST
from tests.agents.trial import NAMES, SHADE, SHADED, model, trial
from tests.clients.virtual import virtually
from tests.fakes.scripted_calls import Turn


@pytest.mark.parametrize(
    "turn", [Turn(("shade",), 0.1), Turn(fault="failure"), Turn(delay_s=9e9), Turn(("no intent",))]
)
def test_a_shadow_touches_nothing_live(turn: Turn) -> None:
    """Whatever it does, all that is stored is byte for byte what is stored without it, and as soon, to a millisecond:
    each callback takes a microsecond of virtual time."""

    async def stored(tried: Experiment) -> dict[str, dict[str, str]]:
        async with trial(tried, model(turn)) as at:
            for _ in range(3):
                await at.view(NAMES, for_s=1.0)
            assert bool(at.own.calls) == (tried is SHADED)
            assert len(at.live.calls) == 3 * len(NAMES)
            return {name: at.at.store.intent_hash(name) for name in NAMES}

    without = virtually(lambda: stored(Experiment("x", (Arm("shade", 0.0, kind="shadow", pool="other"),))))
    assert all(without.values())
    with_it = virtually(lambda: stored(SHADED))
    assert waits(with_it) == [pytest.approx(each, abs=1.0) for each in waits(without)]
    assert timeless(with_it) == timeless(without)


def waits(stored: Mapping[str, Mapping[str, str]]) -> list[dict[str, float]]:
    """Where the time of each intent went."""
    return [orjson.loads(fields["doc"])["waits"] for fields in stored.values()]


def timeless(stored: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, object]]:
    """All but that."""
    return {name: {**fields, "doc": {**orjson.loads(fields["doc"]), "waits": None}} for name, fields in stored.items()}


def test_a_shadow_is_counted_and_compared() -> None:
    """Its answers count for itself alone; so many of them name the mission of the live one."""

    async def main() -> None:
        async with trial(SHADED, model(Turn(("shade",), 0.1))) as at:
            await at.view(NAMES[:10])
            counts = at.counts(SHADE)
            assert (counts.answered, counts.agreed, counts.skipped) == (10, 10, 0)

    virtually(main)


def test_a_slow_shadow_is_asked_less() -> None:
    """It has so many calls at once, so many wait, and the rest is skipped; live calls are as many as ever."""

    async def main() -> None:
        async with trial(SHADED, model(Turn(delay_s=9.0))) as at:
            for turn in range(4):
                await at.view([f"{name}-{turn}" for name in NAMES], for_s=0.5)
            assert len(at.live.calls) == 4 * len(NAMES)
            assert len(at.own.running) == MOST
            assert at.counts(SHADE).skipped == 4 * len(NAMES) - 2 * MOST

    virtually(main)


def test_a_shadow_forgets_whom_it_is_told_to() -> None:
    """The call under way is cancelled, on the server too, and none that waits is made."""

    async def main() -> None:
        async with trial(SHADED, model(Turn(delay_s=9.0))) as at:
            for names in (NAMES[:MOST], NAMES[MOST:]):
                await at.view(names, for_s=0.5)
            gone = {NAMES[0], NAMES[-1]}
            running = {call.shopper for call in at.own.running.values()}
            assert len(gone & running) == 1
            for name in gone:
                at.at.dispatch.forget_in_shadows(name)
            await asyncio.sleep(30.0)
            assert {call.shopper for call in at.own.calls} == set(NAMES) - (gone - running)
            assert at.own.cancelled == 1

    virtually(main)
