# ruff: noqa: T201 (it talks to people)
"""The command line of the simulation.

python -m tests.simulation SEED [--trace] [--shrink] [--mutation NAME]   replay a seed
python -m tests.simulation --soak [--first SEED]                         simulate until stopped
python -m tests.simulation --mutations [--remember]                      break each rule, and show what catches it
"""

import argparse
import sys
import time
from itertools import count

from tests.simulation.campaign import Report, campaign, catch, cores, table
from tests.simulation.mutations import MUTATIONS, remember
from tests.simulation.plan import draw
from tests.simulation.run import Outcome, simulate
from tests.simulation.shrink import shrink
from tests.simulation.worker import Parts

MOST = 2_000
"""Seeds that a mutation may survive."""


def main() -> int:
    """Exit status 1 when an invariant broke, or a mutation broke none."""
    parser = argparse.ArgumentParser("tests.simulation", __doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("seed", type=int, nargs="?")
    parser.add_argument("--trace", action="store_true", help="print what happened")
    parser.add_argument("--shrink", action="store_true", help="leave out what the failure does not need")
    parser.add_argument("--mutation", metavar="NAME", choices=MUTATIONS, help="break a rule on purpose")
    parser.add_argument("--mutations", action="store_true", help="break every rule, one after the other")
    parser.add_argument("--remember", action="store_true", help="keep the seeds that catch the mutations for make test")
    parser.add_argument("--soak", action="store_true", help="simulate until stopped")
    parser.add_argument("--first", type=int, metavar="SEED", default=int(time.time()), help="where soaking begins")
    options = parser.parse_args()
    if options.mutations:
        return _mutations(keep=options.remember)
    if options.soak:
        return _soak(options.first)
    if options.seed is None:
        parser.error("name a seed, --soak or --mutations")
    return _replay(options)


def replay(seed: int) -> str:
    """The command that shows a seed again."""
    return f"python -m tests.simulation {seed} --trace --shrink"


def _replay(options: argparse.Namespace) -> int:
    parts, plan = MUTATIONS[options.mutation].parts if options.mutation else Parts(), draw(options.seed)
    outcome = simulate(shrink(plan, parts) if options.shrink else plan, parts, trace=options.trace)
    print("\n".join([*outcome.trace, *_report_lines(outcome)]))
    return bool(outcome.wrong)


def _report_lines(outcome: Outcome) -> list[str]:
    plan = outcome.plan
    lines = [
        f"seed {plan.seed}: {plan.workers} workers, {len(plan.appends)} appends, {plan.traffic_shape}",
        f"{plan.scale}",
    ]
    lines += [f"fault at {fault}" for fault in plan.faults]
    return lines + ([f"WRONG {wrong}" for wrong in outcome.wrong] or ["every invariant held"])


def _soak(first: int) -> int:
    began_s, total = time.monotonic(), Report()
    try:
        with cores() as pool:
            for report in campaign(pool, count(first)):
                for seed, wrong in report.wrong.items():
                    print(f"{wrong}\n  {replay(seed)}")
                total.add(report)
                rate = total.seeds / (time.monotonic() - began_s)
                print(f"\r{total.seeds} seeds, {rate:.0f}/s, {len(total.wrong)} failed ", end="", file=sys.stderr)
    except KeyboardInterrupt:
        print(file=sys.stderr)
    return bool(total.wrong)


def _mutations(*, keep: bool) -> int:
    with cores() as pool:
        names = list(MUTATIONS)
        catches = list(pool.map(catch, names, [MOST] * len(names)))
    print("\n".join(table(catches)))
    if keep:
        remember({one.mutation: one.seed for one in catches if one.wrong})
    return not all(one.wrong for one in catches)
