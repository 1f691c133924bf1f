"""Slots: where calls may be made now. The ports between dispatch and whatever limits the calls in flight."""

from collections.abc import Callable
from typing import Protocol

from clients.calls import Call, Completion, ModelClient


class SlotPermit(Protocol):
    """A shopper's permit: the right to one call at a time until it is released. Releasing it again is harmless.

    `complete` raises what ModelClient.complete raises.
    """

    async def complete(self, call: Call) -> Completion: ...

    def release(self) -> None: ...


class SlotSupplier(Protocol):
    """The slots there are. Asking for one never waits: a shopper is taken from the backlog when there is a slot,
    and the prompt is rendered then."""

    def listen(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever a slot may have come free."""

    def room(self) -> bool:
        """Whether there is a slot for anybody. Asked when somebody is due."""

    def grant(self, shopper: str, waited_s: float, passed_s: float) -> SlotPermit | None:
        """A slot that suits this shopper, who has been due for `waited_s`, and for `passed_s` of it there have been
        slots that suited nobody."""


class UnlimitedPermit:
    """A permit that anybody may have at any time."""

    def __init__(self, model: ModelClient) -> None:
        self.complete = model.complete

    def release(self) -> None:
        """Nobody waits for it."""
