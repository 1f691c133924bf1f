"""Timings: what counts, and what a server that does not tell leaves out."""

from agents.health.histogram import Histogram
from agents.health.timings import Timings


def count(histogram: Histogram) -> int:
    return histogram.cumulated()[-1][1]


def test_a_server_that_tells_all() -> None:
    """A token after the first took its share of the decoding."""
    timings = Timings()
    timings.add_call(1.0, 250.0, 600.0, 31)
    assert (timings.call.total, timings.first_token.total, round(timings.token.total, 6)) == (1.0, 0.25, 0.02)


def test_a_server_that_tells_nothing() -> None:
    """The call counts, and nothing else; one token is no decoding."""
    timings = Timings()
    timings.add_call(1.0, None, None, None)
    timings.add_call(1.0, None, 10.0, 1)
    assert [count(each) for each in (timings.call, timings.first_token, timings.token)] == [2, 0, 0]


def test_intents_by_class() -> None:
    """Urgent ones apart from the others."""
    timings = Timings()
    timings.add_queue("urgent", 0.1)
    timings.add_freshness("other", 4.0)
    assert (timings.queue["urgent"].total, timings.freshness["other"].total) == (0.1, 4.0)
