"""Run: a recording through several variants, a process each, or one for each part of the shoppers."""

import asyncio
import gc
import multiprocessing
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import NamedTuple

from agents.worker.checkpoints import Checkpoint
from penchant.offline.whatif.arrivals import Recording
from penchant.offline.whatif.day import Played, play
from penchant.offline.whatif.figures import Figures, figures
from penchant.offline.whatif.parts import merged, split
from penchant.offline.whatif.variant import Variant

Say = Callable[[str], None]


class Result(NamedTuple):
    """A variant's figures, and some of the sessions that the model was asked about."""

    figures: Figures
    asked: tuple[Checkpoint, ...]


async def compare(
    recording: Recording,
    variants: Sequence[Variant],
    per_hour: float,
    jobs: int,
    say: Say,
    sample: int = 0,
    parts: int = 1,
) -> list[Result]:
    """The result of each, in order, with at most `sample` sessions; `say` hears when one is done. The shoppers may be
    played in `parts`. Always the same for the same arguments."""
    pieces = split(recording, parts)
    one = partial(_play, -(-sample // parts))
    if jobs == 1:
        return [
            await _result([asyncio.to_thread(one, piece, each) for piece in pieces], each, per_hour, say)
            for each in variants
        ]
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        loop = asyncio.get_running_loop()
        running = [[loop.run_in_executor(pool, one, piece, each) for piece in pieces] for each in variants]
        results = (_result(plays, each, per_hour, say) for plays, each in zip(running, variants, strict=True))
        return list(await asyncio.gather(*results))


def run(recording: Recording, per_hour: float, variant: Variant) -> Figures:
    """One variant's figures; made to be run in a process of its own."""
    return figures(_play(0, recording, variant), variant, per_hour)


def _play(sample: int, recording: Recording, variant: Variant) -> Played:
    """What was read stays until the end: nobody looks for garbage in it."""
    gc.freeze()
    try:
        return play(recording, variant, sample)
    finally:
        gc.unfreeze()


async def _result(plays: Sequence[Awaitable[Played]], variant: Variant, per_hour: float, say: Say) -> Result:
    played = merged([await each for each in plays])
    say(f"{variant.name}: done")
    return Result(figures(played, variant, per_hour), played.asked)
