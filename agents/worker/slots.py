"""Slots: where calls may be made now. The ports between dispatch and whatever limits the calls in flight."""

from collections.abc import Callable
from typing import Protocol

from clients.calls import Call, Completion, ModelClient


class Lease(Protocol):
    """A shopper's place: the right to one call at a time until it is released, and again is harmless.

    `complete` raises what ModelClient.complete raises.
    """

    async def complete(self, call: Call) -> Completion: ...

    def release(self) -> None: ...


class Slots(Protocol):
    """The places there are. Asking for one never waits: a shopper is taken from the backlog when there is a place,
    and the prompt is rendered then."""

    def listen(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever a place may have come free."""

    def room(self) -> bool:
        """Whether there is a place for anybody. Asked when somebody is due."""

    def grant(self, shopper: str, waited_s: float, passed_s: float) -> Lease | None:
        """A place that suits this shopper, who has been due for `waited_s`, and for `passed_s` of it there have been
        places that suited nobody."""


class Unlimited:
    """Slots of one model that nothing limits but the dispatcher's own bound."""

    def __init__(self, model: ModelClient) -> None:
        self._place = Place(model)

    def listen(self, changed: Callable[[], None]) -> None:
        """Nothing ever comes free."""

    def room(self) -> bool:
        """There always is."""
        return True

    def grant(self, shopper: str, waited_s: float, passed_s: float) -> Lease | None:  # noqa: ARG002 # all suit
        """A place."""
        return self._place


class Place:
    """A place that is never taken."""

    def __init__(self, model: ModelClient) -> None:
        self.complete = model.complete

    def release(self) -> None:
        """Nobody waits for it."""
