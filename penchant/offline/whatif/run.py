"""Run: a recording through several variants, a process each."""

import asyncio
import multiprocessing
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import NamedTuple

from agents.worker.checkpoints import Checkpoint
from penchant.offline.whatif.arrivals import Recording
from penchant.offline.whatif.day import play
from penchant.offline.whatif.figures import Figures, figures
from penchant.offline.whatif.variant import Variant

Say = Callable[[str], None]


class Result(NamedTuple):
    """A variant's figures, and some of the sessions that the model was asked about."""

    figures: Figures
    asked: tuple[Checkpoint, ...]


async def compare(
    recording: Recording, variants: Sequence[Variant], per_hour: float, jobs: int, say: Say, sample: int = 0
) -> list[Result]:
    """The result of each, in order, with at most `sample` sessions; `say` hears when one is done. Always the same for
    the same arguments."""
    one = partial(_run, recording, per_hour, sample)
    if jobs == 1:
        return [await _said(asyncio.to_thread(one, each), each, say) for each in variants]
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        loop = asyncio.get_running_loop()
        return list(
            await asyncio.gather(*(_said(loop.run_in_executor(pool, one, each), each, say) for each in variants))
        )


def run(recording: Recording, per_hour: float, variant: Variant) -> Figures:
    """One variant's figures; made to be run in a process of its own."""
    return _run(recording, per_hour, 0, variant).figures


def _run(recording: Recording, per_hour: float, sample: int, variant: Variant) -> Result:
    played = play(recording, variant, sample)
    return Result(figures(played, variant, per_hour), played.asked)


async def _said(running: Awaitable[Result], variant: Variant, say: Say) -> Result:
    found = await running
    say(f"{variant.name}: done")
    return found
