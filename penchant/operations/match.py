"""Match: which of some products fit a shopper, in what order and why, from what stands in Redis."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agents.match.messages import Messages, messages
from agents.match.packed import rescored
from agents.match.ranking import MOST_CANDIDATES, Ranked, Shopper, ranking
from agents.match.reasons import Reason
from agents.match.sentence import sentence
from clients.calls import ModelClient
from penchant.settings.root import Settings
from prompts.view import PromptView
from storage.cards import Known, RedisCards
from storage.keys import Keys
from streams.errors import SettingInvalid
from streams.events.event import Identifier

_ID: TypeAdapter[str] = TypeAdapter(Identifier)


@dataclass(frozen=True, slots=True)
class Matched:
    """All candidates in order. `notes` say what was not known of shopper and products, and what that changed.
    `personal`: what is known of the shopper may be used. `sentence`: a model's words for the reasons of the first
    product, where one was asked for, in time, and held."""

    shopper: str
    ranked: tuple[Ranked, ...]
    notes: tuple[str, ...]
    personal: bool = True
    sentence: str = ""

    def report(self, words: Messages | None) -> dict[str, Any]:
        """As JSON; the reasons as codes with their values, and in words. None leaves reasons out."""
        return {
            "shopper": self.shopper,
            "matches": [_ranked(each, words) for each in self.ranked],
            "sentence": self.sentence,
            "notes": list(self.notes),
        }


async def match(
    settings: Settings, shopper: str, products: Sequence[str], purpose: str = "", model: ModelClient | None = None
) -> Matched:
    """Read once, rank, and have a model score the best, where there is one. Raises SettingInvalid for ids that none can
    have and for too many candidates; StoreUnavailable and StoreCorrupt."""
    candidates = checked(shopper, products)
    redis = settings.redis.connect()
    try:
        cards = RedisCards(redis, Keys(settings.redis.namespace), settings.redis.timeout_s)
        known = await cards.known(shopper, candidates)
    finally:
        await redis.aclose()
    found = ranked(settings, shopper, candidates, known, purpose)
    if model is None:
        return found
    deadline_s = asyncio.get_running_loop().time() + settings.match.deadline_ms / 1e3
    return await scored(found, known, model, deadline_s)


async def scored(found: Matched, known: Known, model: ModelClient, deadline_s: float) -> Matched:
    """The best in the model's order, by a deadline on the event loop's clock; else as they were, and a note says why.
    Nothing is asked about a shopper who did not agree to it."""
    if known.intent is None or not found.personal:
        return replace(found, notes=(*found.notes, "there is no intent that a model could be asked with"))
    again = await rescored(model, known.intent, found.ranked, known.cards, deadline_s)
    notes = (*found.notes, f"the order by features stands: {again.why}") if again.why else found.notes
    return replace(found, ranked=again.ranked, notes=notes)


async def spoken(found: Matched, words: Messages, speaker: ModelClient, deadline_s: float) -> Matched:
    """With the reasons of the first product in a model's sentence, by a deadline on the event loop's clock; else a note
    says why the composed ones stand alone. Never raises for a model that does not answer by then."""
    first = found.ranked[0].reasons
    pro, con = ([words.text(each) for each in side] for side in (first.pro, first.con))
    said, why = await sentence(speaker, found.shopper, pro, con, deadline_s)
    return replace(
        found, sentence=said, notes=(*found.notes, f"the composed reasons stand: {why}") if why else found.notes
    )


def ranked(settings: Settings, shopper: str, candidates: Sequence[str], known: Known, purpose: str) -> Matched:
    """What is known, ranked. A shopper who did not agree to the purpose is one of whom nothing is known."""
    refused = bool(purpose) and known.purposes is not None and purpose not in known.purposes
    view = PromptView.of(known.session) if known.session else None
    who = Shopper() if refused else Shopper(known.intent, view)
    order = ranking(who, candidates, known.cards, settings.match.order)
    return Matched(shopper, order, tuple(_notes(who, known, order, purpose if refused else "")), not refused)


def words(settings: Settings, language: str | None) -> Messages:
    """The messages of a language, else of the settings' own. Reads files."""
    return messages(language or settings.match.language, messages_folder(settings))


def messages_folder(settings: Settings) -> Path | None:
    """Where the shop has catalogues of its own."""
    return Path(settings.match.messages) if settings.match.messages else None


def checked(shopper: str, products: Sequence[str]) -> tuple[str, ...]:
    """The candidates, each once, in the order given."""
    candidates = tuple(dict.fromkeys(products))
    if not candidates or len(candidates) > MOST_CANDIDATES:
        raise SettingInvalid(f"{len(candidates)} candidates were given", f"give 1 to {MOST_CANDIDATES}")
    for name, value in (("shopper", shopper), *(("product", each) for each in candidates)):
        check_id(name, value)
    return candidates


def check_id(name: str, value: str) -> None:
    """Raise SettingInvalid for an id that none can have."""
    try:
        _ID.validate_python(value)
    except ValidationError as exc:
        remedy = "ids have 1 to 128 characters, no braces and no control characters"
        raise SettingInvalid(f"the {name}'s id {value!r} is none", remedy) from exc


def _notes(who: Shopper, known: Known, order: Sequence[Ranked], refused: str) -> list[str]:
    notes = []
    if refused:
        notes.append(f"the shopper did not agree to {refused}: the order given stands")
    elif who.intent is None and who.view is None:
        notes.append("nothing is known of the shopper: the order given stands")
    elif who.intent is None:
        notes.append("the shopper has no intent: the product looked at last decides alone")
    if known.unreadable:
        notes.append(f"{len(known.unreadable)} cards cannot be read: {', '.join(known.unreadable)}")
    without = sum(not each.known for each in order) - len(known.unreadable)
    return [*notes, f"{without} of {len(order)} candidates have no card"] if without else notes


def _ranked(each: Ranked, words: Messages | None) -> dict[str, Any]:
    pro, con = each.reasons.pro, each.reasons.con
    return {
        "product": each.product,
        "score": each.score,
        "fit": each.fit,
        "card": each.known,
        "for": [_reason(reason, words) for reason in pro] if words else [],
        "against": [_reason(reason, words) for reason in con] if words else [],
    }


def _reason(reason: Reason, words: Messages) -> Mapping[str, Any]:
    return {**reason._asdict(), "text": words.text(reason)}
