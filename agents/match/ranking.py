"""Ranking: candidates in the order in which they fit a shopper, each with reasons. Pure, and it always answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from agents.match.features import Wants, features
from agents.match.last import last_card
from agents.match.reasons import Reasons, reasons
from agents.match.scores import AVOID, LAST_ALONE, WITH_INTENT, score
from prompts.view import PromptView
from streams.records.cards import Card
from streams.records.intents import Intent
from streams.section import form, section, unit

MOST_CANDIDATES = 100

Order = Literal["last", "intent"]


@section
class MatchRules:
    """How products are matched to a shopper."""

    order: Order = "last"
    """By what candidates are put in order: `last`, by the product that the shopper looked at last, or `intent`, by that
    and the intent. The intent did not surely gain on recorded shoppers (docs/tiers.md). What it says to avoid comes
    last either way, and it alone counts where no last product is known."""
    deadline_ms: Annotated[float, Field(gt=0, le=10_000), unit("milliseconds")] = 150.0
    """How long the model may take that scores the best twenty, where one is asked. What is late is not waited for."""
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}$"), form("letters, such as en or de")] = "en"
    """The language of reasons: of a catalogue that is packaged, or that stands in match.messages."""
    messages: str = ""
    """A folder of more catalogues of messages, one TOML file a language; empty for none."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate in its place. `known`: it has a card; of one without, only its id is compared with what to avoid.
    `fit` is the model's probability that it fits best, None where no model was asked."""

    product: str
    score: float
    known: bool
    reasons: Reasons
    fit: float | None = None


@dataclass(frozen=True, slots=True)
class Shopper:
    """What is known of a shopper; None where nothing is."""

    intent: Intent | None = None
    view: PromptView | None = None


def ranking(shopper: Shopper, candidates: Sequence[str], cards: Mapping[str, Card], order: Order) -> tuple[Ranked, ...]:
    """All candidates, the fittest first. Equals, and so everything where nothing is known, keep the order given."""
    last = last_card(shopper.view) if shopper.view else None
    wants = Wants.of(shopper.intent, last)
    taken = weights(order, wants, last)
    ranked = [_ranked(wants, shopper.view, product, cards.get(product), taken) for product in candidates]
    return tuple(sorted(ranked, key=lambda each: -each.score))


def weights(order: Order, wants: Wants, last: Card | None) -> Mapping[str, float]:
    """What each feature weighs for this shopper; `last` is the product that they looked at last."""
    if wants.intent is None:
        return LAST_ALONE
    return WITH_INTENT if order == "intent" or last is None else {**LAST_ALONE, "avoid": AVOID}


def _ranked(
    wants: Wants, view: PromptView | None, product: str, card: Card | None, taken: Mapping[str, float]
) -> Ranked:
    known = card is not None
    card = card or Card()
    worth = round(score(features(wants, product, card), taken), 6)
    return Ranked(product, worth, known, reasons(wants, view, product, card))
