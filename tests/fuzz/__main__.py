"""The property tests of what strangers write, for as long as one likes: `python -m tests.fuzz --seconds 600`.

Each round draws new examples. The first that fails is printed as small as it gets, and ends the run with status 1.
"""

import argparse
import logging
import sys
import time
from collections.abc import Callable, Mapping

import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.fronts import Fronts, fronts
from tests.fuzz.requests import METHODS, bodies, headers, paths, raw
from tests.fuzz.test_fronts import INTERNAL_ERROR, answers_well
from tests.prompts.test_any_answer import test_any_bytes_are_an_intent_or_refused
from tests.streams.events.test_refused_records import test_any_record_is_read_or_refused

ROUND = settings(max_examples=200, deadline=None, derandomize=False, suppress_health_check=list(HealthCheck))
"""Examples of a round: a few seconds at the most, so that a run ends in time."""


def main() -> None:
    """Run each target for an equal share of the time."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to go on, all together")
    seconds = parser.parse_args().seconds
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable()
    with fronts() as both:
        for name, target in targets(both).items():
            rounds = repeat(ROUND(target), seconds / len(targets(both)))
            sys.stdout.write(f"{name}: {rounds * ROUND.max_examples:,} examples, none failed\n")


def targets(both: Fronts) -> Mapping[str, Callable[[], None]]:
    """What is fuzzed, by name."""

    @given(st.sampled_from(METHODS), paths, headers, bodies())
    def requests(method: str, path: str, given_headers: dict[str, str], body: bytes) -> None:
        answers_well(both, method, path, given_headers, body)

    @given(raw)
    def connections(sent: bytes) -> None:
        assert INTERNAL_ERROR not in both.after(sent)

    return {
        "decoders": test_any_record_is_read_or_refused,
        "answer parser": test_any_bytes_are_an_intent_or_refused,
        "requests to the HTTP fronts": requests,
        "bytes to the HTTP fronts": connections,
    }


def repeat(target: Callable[[], None], seconds: float) -> int:
    """Rounds until the time is up, one at least."""
    ends_s, rounds = time.monotonic() + seconds, 0
    while not rounds or time.monotonic() < ends_s:
        target()
        rounds += 1
    return rounds


if __name__ == "__main__":
    main()
