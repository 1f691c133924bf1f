"""Run: a recording through several variants, a process each."""

import asyncio
import multiprocessing
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from penchant.offline.whatif.arrivals import Recording
from penchant.offline.whatif.day import play
from penchant.offline.whatif.figures import Figures, figures
from penchant.offline.whatif.variant import Variant

Say = Callable[[str], None]


async def compare(
    recording: Recording, variants: Sequence[Variant], per_hour: float, jobs: int, say: Say
) -> list[Figures]:
    """The figures of each, in order; `say` hears when one is done. Always the same for the same arguments."""
    one = partial(run, recording, per_hour)
    if jobs == 1:
        return [await _said(asyncio.to_thread(one, each), each, say) for each in variants]
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        loop = asyncio.get_running_loop()
        return list(
            await asyncio.gather(*(_said(loop.run_in_executor(pool, one, each), each, say) for each in variants))
        )


def run(recording: Recording, per_hour: float, variant: Variant) -> Figures:
    """One variant's figures; made to be run in a process of its own."""
    return figures(play(recording, variant), variant, per_hour)


async def _said(running: Awaitable[Figures], variant: Variant, say: Say) -> Figures:
    found = await running
    say(f"{variant.name}: done")
    return found
