"""Agreement: what a shopper agreed to, folded from what their events say. The latest counts, for each purpose. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from streams.events.event import Consent

Purposes = tuple[str, ...]
"""Names of purposes in alphabetical order, as rankers read them."""


class Said(NamedTuple):
    """Whether the shopper agreed, None where no event said, and when the latest event that did was (event time)."""

    agreed: bool | None = None
    said_ms: int = 0

    def then(self, agreed: bool | None, time_ms: int) -> "Said":  # noqa: FBT001 - what an event says
        """The same after an event of this time: what an earlier one said does not undo what a later one did."""
        return self if agreed is None or time_ms < self.said_ms else Said(agreed, time_ms)


class Agreement(NamedTuple):
    """What the shopper said of each purpose."""

    personalisation: Said = Said()
    advertising: Said = Said()

    def then(self, consent: Consent, time_ms: int) -> "Agreement":
        """The same after an event of this time."""
        return Agreement(
            self.personalisation.then(consent.personalisation, time_ms),
            self.advertising.then(consent.advertising, time_ms),
        )

    def differs(self, other: "Agreement") -> bool:
        """Whether the shopper agrees to something else."""
        return any(mine.agreed is not theirs.agreed for mine, theirs in zip(self, other, strict=True))


def purposes(agreement: Agreement | None, default: Sequence[str] | None) -> Purposes | None:
    """What the shopper agreed to; where they did not say, as by default. None: nobody says anything."""
    if agreement is None:
        return None if default is None else tuple(sorted(default))
    said = {"advertising": agreement.advertising.agreed, "personalisation": agreement.personalisation.agreed}
    return tuple(name for name, word in said.items() if (name in (default or ()) if word is None else word))
