"""Look-ahead: the first whom a slot suits, and nobody is asked for longer than it takes."""

from hypothesis import given
from hypothesis import strategies as st

from clients.pools.wait_queue import LOOK_AHEAD, first_suited

takers = st.lists(st.sampled_from(["own", "any", "none"]), max_size=3 * LOOK_AHEAD)


@given(takers)
def test_whoever_a_slot_suits_comes_before_whoever_takes_any(wishes: list[str]) -> None:
    """Of the first 64: the first who takes it as their own, else the first who takes any; each is asked twice at the
    most, and nobody beyond."""
    asked: list[int] = []

    def suits(number: int, passed_over: bool) -> bool:  # noqa: FBT001 # as the look asks
        asked.append(number)
        return wishes[number] == "own" or (passed_over and wishes[number] == "any")

    seen = wishes[:LOOK_AHEAD]
    best = next((number for wish in ("own", "any") for number, each in enumerate(seen) if each == wish), None)
    assert first_suited(iter(range(len(wishes))), suits) == best
    assert all(number < LOOK_AHEAD and asked.count(number) <= 2 for number in asked)


def test_those_beyond_are_not_even_taken_up() -> None:
    """Whoever hands them out one by one keeps the rest."""
    waiting = iter(range(3 * LOOK_AHEAD))
    assert first_suited(waiting, lambda *_: False) is None
    assert next(waiting) == LOOK_AHEAD
