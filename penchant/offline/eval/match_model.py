"""Match model: where a model puts what was opened, by the packed call of a match."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from agents.match.packed import rescored
from agents.match.ranking import Shopper, ranking
from clients.calls import Call, Completion, ModelClient
from penchant.offline.eval.calling import IN_LINE_S, Caller
from penchant.offline.eval.choices import Catalogue, Choice
from penchant.offline.eval.matching import intent_of


@dataclass(frozen=True, slots=True)
class ModelOrder:
    """Where the model put what was opened at each choice, from 1. At `without` of them it gave no scores, and the order
    by features stood, as in a match; `why` is the first reason."""

    ranks: tuple[int, ...]
    without: int = 0
    why: str = ""


async def model_order(client: ModelClient, catalogue: Catalogue, made: Sequence[Choice]) -> ModelOrder:
    """Ask about each choice as a match does: ordered by the last product, then scored in one call."""
    patient = _Patient(client)
    found = await asyncio.gather(*(_placed(patient, catalogue, each) for each in made))
    reasons = [why for _, why in found if why]
    return ModelOrder(tuple(rank for rank, _ in found), len(reasons), next(iter(reasons), ""))


async def _placed(client: ModelClient, catalogue: Catalogue, choice: Choice) -> tuple[int, str]:
    intent = intent_of(choice)
    ranked = ranking(Shopper(intent, choice.view), choice.candidates, catalogue.cards, "last")
    deadline_s = asyncio.get_running_loop().time() + IN_LINE_S
    scored = await rescored(client, intent, ranked, catalogue.cards, deadline_s)
    places = [each.product for each in scored.ranked]
    return places.index(choice.candidates[choice.opened]) + 1, scored.why


class _Patient:
    """A client whose calls are made at the concurrency that the server takes, and tried again."""

    def __init__(self, client: ModelClient) -> None:
        self._client, self._caller = client, Caller(client)

    async def complete(self, call: Call) -> Completion:
        """The answer. Raises as the client, after six tries."""
        completion, _ = await self._caller.complete(call)
        return completion

    async def probe(self) -> str:
        """As the client."""
        return await self._client.probe()

    async def close(self) -> None:
        """The client is its owner's to close."""
