"""Unlimited slots: those of one model that nothing limits but the dispatcher's own bound."""

from collections.abc import Callable

from agents.worker.routes import Slot
from clients.calls import ModelClient


class UnlimitedSlot:
    """Anybody may call the model at any time."""

    def __init__(self, model: ModelClient) -> None:
        self.complete = model.complete

    def release(self) -> None:
        """Nobody waits for it."""


class UnlimitedSlots:
    """A SlotSupplier that always has one."""

    def __init__(self, model: ModelClient) -> None:
        self._slot = UnlimitedSlot(model)

    def listen(self, changed: Callable[[], None]) -> None:
        """Nothing ever comes free."""

    def room(self) -> bool:
        """There always is."""
        return True

    def grant(self, shopper: str, waited_s: float, passed_s: float, *, urgent: bool = False) -> Slot | None:  # noqa: ARG002 # all suit
        """A slot."""
        return self._slot
