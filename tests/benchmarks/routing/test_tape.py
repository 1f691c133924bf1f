"""The tape of prompts, and how it is played."""

import asyncio

from benchmarks.routing.tape import play, record
from clients.calls import Call, Completion
from streams.errors import ModelUnavailable


class Ordered:
    """A model that remembers whom it is asked for, and never answers one of them."""

    def __init__(self, never: str) -> None:
        self._never, self.asked, self.running = never, list[str](), set[str]()

    async def complete(self, call: Call) -> Completion:
        """The call's own id, a little later; AssertionError for two calls of one shopper at once."""
        assert call.shopper not in self.running
        self.running.add(call.shopper)
        self.asked.append(call.shopper)
        await asyncio.sleep(0.001)
        self.running.remove(call.shopper)
        if call.shopper == self._never:
            raise ModelUnavailable("never")
        return Completion(call.id, "m", "here")

    async def probe(self) -> str:
        """It is there."""
        return "a model"

    async def close(self) -> None:
        """Nothing is open."""


def test_a_tape_is_the_same_each_time() -> None:
    """So that routers are compared on equal prompts, of which a shopper's grow."""
    tape = record(5, 40)
    assert tape == record(5, 40)
    assert len(tape) == 40
    assert 1 < len({shopper for shopper, _ in tape}) <= 5


async def test_a_shoppers_calls_follow_each_other() -> None:
    """In the order of the tape; what fails is None in its place."""
    tape = [("a", "1"), ("a", "2"), ("b", "3"), ("a", "4")]
    model = Ordered(never="b")
    played = await play(tape, model, 10_000.0, 1)
    assert [each and each.text for each in played] == ["tape-0", "tape-1", None, "tape-3"]
    assert sorted(model.asked) == ["a", "a", "a", "b"]
