"""Answering: a match or an intent within its deadline, whatever Redis and the model do."""

import asyncio
from collections.abc import Sequence
from typing import Any

from msgspec import to_builtins

from agents.match.messages import Messages, languages
from clients.calls import ModelClient
from penchant.operations.match import Matched, messages_folder, ranked, scored, spoken, words
from penchant.serve.bodies import IntentAsked, MatchAsked
from penchant.serve.copies import copied
from penchant.settings.root import Settings
from penchant.telemetry.metrics.serve import ServeCounts, Step
from storage.cards import Known, RedisCards
from streams.errors import StoreCorrupt, StoreUnavailable
from streams.records.intents import Intent

UNKNOWN = Known(None, None, None, {}, ())
_LEFT = 0.8
"""The share of a deadline that Redis may take."""


class Answering:
    """Answers with one connection to Redis, a model client for scores, and one for sentences."""

    def __init__(
        self, settings: Settings, cards: RedisCards, model: ModelClient, speaker: ModelClient, counts: ServeCounts
    ) -> None:
        self._settings, self._cards, self._counts = settings, cards, counts
        self._model, self._speaker = model, speaker
        self.languages = languages(messages_folder(settings))
        self._words: dict[str | None, Messages] = {None: words(settings, None)}

    async def match(self, asked: MatchAsked) -> dict[str, Any]:
        """The candidates in order, as MatchAnswer describes it. Always: without Redis the order given, and why."""
        deadline_s = self._deadline_s(asked.deadline_ms)
        said = await self._messages(asked.reasons)
        candidates = tuple(dict.fromkeys(asked.candidates))
        known, fault = await self._known(asked.shopper, candidates, deadline_s)
        found = ranked(self._settings, asked.shopper, candidates, known, asked.purpose)
        step: Step = "features" if found.personal and (known.intent or known.session) else "given"
        if fault:
            found = Matched(asked.shopper, found.ranked, (f"{fault}: the order given stands",))
        elif asked.scores:
            before = found.ranked
            found = await scored(found, known, self._model, deadline_s)
            step = step if found.ranked == before else "scores"
        self._counts.matched(step)
        if asked.sentence and not fault:
            found = await spoken(found, said, self._speaker, deadline_s)
        return {**found.report(said if asked.reasons else None), "step": step}

    async def intent(self, asked: IntentAsked) -> dict[str, Any]:
        """The stored intent, as IntentAnswer describes it; with events, the rules' of a copy of the session.

        Raises StoreUnavailable.
        """
        deadline_s = self._deadline_s(asked.deadline_ms)
        known, fault = await self._known(asked.shopper, (), deadline_s)
        if fault:
            raise StoreUnavailable(fault)
        if asked.purpose and known.purposes is not None and asked.purpose not in known.purposes:
            notes = [f"the shopper did not agree to {asked.purpose}"]
            return _intent(asked, None, notes)
        if not asked.events:
            return _intent(asked, known.intent, [])
        made, notes = copied(self._settings, asked.shopper, known.session, asked.events)
        return _intent(asked, made or known.intent, notes, fresh=made is not None)

    async def _known(self, shopper: str, candidates: Sequence[str], deadline_s: float) -> tuple[Known, str]:
        """What stands in Redis, or nothing and why. A part of the time is left to answer in."""
        now_s = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(now_s + (deadline_s - now_s) * _LEFT):
                return await self._cards.known(shopper, candidates), ""
        except TimeoutError:
            return UNKNOWN, "Redis did not answer in time"
        except StoreUnavailable as error:
            return UNKNOWN, str(error)
        except StoreCorrupt as error:
            return UNKNOWN, f"{error.key} cannot be read"

    async def _messages(self, language: bool | str) -> Messages:  # noqa: FBT001 # as it was asked
        name = language if isinstance(language, str) else None
        if name not in self._words:
            self._words[name] = await asyncio.to_thread(words, self._settings, name)
        return self._words[name]

    def _deadline_s(self, asked_ms: float | None) -> float:
        usual_ms = self._settings.serve.deadline_ms
        return asyncio.get_running_loop().time() + (usual_ms if asked_ms is None else asked_ms) / 1e3


def _intent(asked: IntentAsked, intent: Intent | None, notes: Sequence[str], *, fresh: bool = False) -> dict[str, Any]:
    stored = to_builtins(intent) if intent else None
    return {"shopper": asked.shopper, "intent": stored, "fresh": fresh, "notes": list(notes)}
