"""What each fault does, and how long it takes to get over it, in virtual time: `python -m tests.faults`."""

import logging
import sys

import structlog

from sandbox.gpu.faults import Faults
from tests.faults.trial import FAULT_S, RATE, REPLICAS, Case, Result, run

SHARES = (0.01, 0.2, 1.0)
HEAD = (
    "| fault | share | failed calls | refused answers | by rules | fresh before / during / after | recovered, s"
    " | caught up, s | lost | stuck |"
)


def main() -> None:
    """Write the table."""
    say = sys.stdout.write
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    say(f"{REPLICAS} replicas, {RATE:g} events/s, a fault for {FAULT_S:g} s\n\n")
    say(f"{HEAD}\n|{'---|' * (HEAD.count(' | ') + 1)}\n")
    for fault in Faults().shares():
        for share in SHARES:
            say(_row(run(Case(fault, share))) + "\n")


def _row(result: Result) -> str:
    case = result.case
    cells = [
        f"`{case.fault}`",
        f"{case.share:.0%}",
        f"{result.failed}",
        f"{result.refused_answers}",
        f"{result.by_rules}",
        " / ".join(f"{share:.0%}" for share in result.fresh),
        f"{result.recovered_s:.1f}",
        f"{result.caught_up_s:.1f}",
        f"{result.lost}",
        f"{sum(result.stuck.values())}",
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
