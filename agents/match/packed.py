"""Packed: the best candidates of a match scored by a model in one call, whose answer is one token.

The order by features is there before, and stands whenever the model's is not: where the call is late or fails, or where
the server gives no probabilities.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agents.match.ranking import Ranked
from clients.calls import Call, ModelClient
from prompts.matching import CODES, MAX_TOKENS, VERSION, match_prompt, match_scores
from prompts.products.cards import code
from streams.errors import DeadlinePassed, ModelUnavailable, Refuse
from streams.records.cards import Card
from streams.records.intents import Intent


@dataclass(frozen=True, slots=True)
class Rescored:
    """The candidates, those that the model scored in its order before the others. `why` says why it did not, and is
    empty where it did."""

    ranked: tuple[Ranked, ...]
    why: str = ""


async def rescored(
    client: ModelClient, intent: Intent, ranked: Sequence[Ranked], cards: Mapping[str, Card], deadline_s: float
) -> Rescored:
    """Score the best twenty that have a card and are not to be avoided.

    `deadline_s` is absolute, on the event loop's clock. Never raises for a model that does not answer by then.
    """
    chosen = [each for each in ranked if each.known and each.score >= 0][: len(CODES)]
    if len(chosen) < 2:
        return Rescored(tuple(ranked), "fewer than two candidates have a card")
    shown = [_coded(cards[each.product]) for each in chosen]
    call = Call(
        f"match-{intent.shopper}", match_prompt(intent, shown), deadline_s, MAX_TOKENS, intent.shopper, "realtime",
        prompt_version=VERSION, choices=tuple(CODES[: len(chosen)]),
    )  # fmt: skip
    try:
        done = await client.complete(call)
    except (ModelUnavailable, DeadlinePassed, Refuse) as error:
        return Rescored(tuple(ranked), f"the model did not answer: {error}")
    scores = match_scores(done.log_probabilities, len(chosen))
    if scores is None:
        return Rescored(tuple(ranked), f"{done.endpoint} gives no log-probabilities")
    fits = [replace(each, fit=round(score, 6)) for each, score in zip(chosen, scores, strict=True)]
    best = sorted(fits, key=lambda each: -(each.fit or 0.0))
    names = {each.product for each in chosen}
    return Rescored((*best, *(each for each in ranked if each.product not in names)))


def _coded(card: Card) -> Card:
    """With the code that a prompt shows, where the shop's own card has none."""
    return card if card.code else card.model_copy(update={"code": code(card)})
