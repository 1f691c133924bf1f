"""Look-ahead: which of those who wait takes a slot that has come free. Pure.

Not everyone can take every slot: some wait for the server that holds their KV blocks. So the first few are asked. When
none takes one, the slot would stay empty, and each is asked once more whether it takes one that is not its own.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import TypeVar

LOOK_AHEAD = 64
"""How many are asked. Each one that is passed over costs a microsecond."""

W = TypeVar("W")


def first_suited(waiting: Iterable[W], suits: Callable[[W, bool], bool]) -> W | None:
    """The first for whom `suits` says yes; when it says no to all, the first for whom it does when it is told so, by
    True. None when nobody takes a slot."""
    asked: list[W] = []
    for each in islice(waiting, LOOK_AHEAD):
        if suits(each, False):  # noqa: FBT003 # those who are asked name it
            return each
        asked.append(each)
    return next((each for each in asked if suits(each, True)), None)  # noqa: FBT003
