"""Hedging: when a second call is made, who wins, and what is cancelled."""

import asyncio

import pytest

from clients.calls import Call, Completion
from clients.pools.hedging import LEAST, FirstTokens, hedged
from streams.errors import ModelUnavailable
from tests.clients.virtual import call, virtually


class Server:
    """Gives its first token and its answer after a while, or fails then."""

    def __init__(self, name: str, token_s: float | None, answer_s: float, error: Exception | None = None) -> None:
        self.name, self.token_s, self.answer_s, self.error = name, token_s, answer_s, error
        self.calls = self.cancelled = 0

    async def ask(self, asked: Call) -> Completion:
        self.calls += 1
        try:
            if self.token_s is not None:
                await asyncio.sleep(self.token_s)
                if asked.begun is not None:
                    asked.begun()
            await asyncio.sleep(self.answer_s - (self.token_s or 0.0))
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        return Completion("{}", "m", self.name)


def usual(seconds: float = 0.1) -> FirstTokens:
    tokens = FirstTokens()
    for _ in range(LEAST):
        tokens.learn(seconds)
    return tokens


def ask(first: Server, second: Server, tokens: FirstTokens) -> tuple[str, float]:
    """Who answered, and after how long."""

    async def main() -> tuple[str, float]:
        completion = await hedged(call(100.0), first.ask, second.ask, tokens)
        return completion.endpoint, round(asyncio.get_running_loop().time(), 2)

    return virtually(main)


def test_a_first_token_in_time_means_no_second_call() -> None:
    """However long the answer takes after it."""
    first, second = Server("a", 0.05, 9.0), Server("b", 0.05, 1.0)
    assert ask(first, second, usual()) == ("a", 9.0)
    assert second.calls == 0


def test_a_late_first_token_is_overtaken_and_cancelled() -> None:
    """The second is asked when the first token is late, and its answer is taken."""
    first, second = Server("a", 5.0, 6.0), Server("b", 0.05, 1.0)
    assert ask(first, second, usual()) == ("b", 1.1)
    assert (first.cancelled, second.cancelled) == (1, 0)


def test_the_first_may_still_win() -> None:
    """It was late, but not by much: the second is cancelled."""
    first, second = Server("a", 0.2, 1.0), Server("b", 0.05, 1.0)
    assert ask(first, second, usual()) == ("a", 1.0)
    assert (first.cancelled, second.cancelled) == (0, 1)


def test_a_second_that_fails_does_no_harm_and_a_first_that_fails_is_replaced() -> None:
    """Whoever answers wins; when nobody does, it is the first one's error."""
    away = ModelUnavailable("a is away")
    assert ask(Server("a", 0.5, 1.0), Server("b", None, 0.0, ModelUnavailable("b is away")), usual()) == ("a", 1.0)
    assert ask(Server("a", 0.5, 0.6, away), Server("b", 0.05, 1.0), usual()) == ("b", 1.1)
    with pytest.raises(ModelUnavailable, match="a is away"):
        ask(Server("a", 0.5, 0.6, away), Server("b", None, 2.0, ModelUnavailable("b is away")), usual())
    with pytest.raises(ModelUnavailable, match="a is away"):
        ask(Server("a", None, 0.01, away), Server("b", 0.05, 1.0), usual())


def test_nothing_is_hedged_before_enough_is_known_nor_without_streams_too_early() -> None:
    """What is late is learned: of a server that does not stream, by its whole answers."""
    tokens = FirstTokens()
    for _ in range(LEAST):
        assert tokens.late_s() is None
        assert ask(Server("a", None, 1.0), Server("b", 0.05, 0.1), tokens) == ("a", 1.0)
    assert tokens.late_s() == pytest.approx(1.0, abs=0.01)
    assert ask(Server("a", None, 0.99), Server("b", 0.05, 0.1), tokens) == ("a", 0.99)


def test_when_all_become_slow_that_becomes_usual() -> None:
    """Late ones are learned from too, though it is not known how late: else ever more would count as late."""
    tokens = usual(0.1)
    for _ in range(300):
        ask(Server("a", 0.3, 0.5), Server("b", 0.3, 1.0), tokens)
    assert 0.3 <= (tokens.late_s() or 0.0) < 0.6


def test_cancelling_cancels_both() -> None:
    """Nothing is left behind on the servers."""
    first, second = Server("a", 5.0, 6.0), Server("b", 5.0, 6.0)

    async def main() -> None:
        asking = asyncio.ensure_future(hedged(call(100.0), first.ask, second.ask, usual()))
        await asyncio.sleep(1.0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    virtually(main)
    assert (first.cancelled, second.cancelled) == (1, 1)
