"""Copies: the intent of a session with events that Kafka has not brought yet, by the rules.

Nothing of a copy is stored, covered, counted or learned: every session stays the fold of a prefix of its log.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import structs

from penchant.settings.root import Settings
from prompts.rules import rules
from prompts.view import PromptView
from streams.events.dialects import dialect
from streams.records.intents import Intent, Window
from streams.sessions.packing import dump, load
from streams.sessions.session import Session, fold

FRESH = "fresh"
"""The position of an intent that stands nowhere."""


@dataclass(frozen=True, slots=True)
class _Record:
    """An event as a topic would hold it."""

    offset: int
    timestamp: int
    value: bytes | None
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes | None]] = ()


def copied(
    settings: Settings, shopper: str, stored: Session | None, events: Sequence[Mapping[str, Any]]
) -> tuple[Intent | None, list[str]]:
    """The rules' intent of the session with the events, None where none of them counts; and what became of them.

    They are read as a topic's are: without personal data and what is sensitive, and refused where they are no events of
    this shopper. The session that was stored is not touched.
    """
    session = load(dump(stored)) if stored else Session()
    now_ms = time.time_ns() // 1_000_000
    told = [{**event, "shopper_id": event.get("shopper_id", shopper)} for event in events]
    records = [_Record(at, now_ms, json.dumps(event).encode()) for at, event in enumerate(told)]  # orjson refuses some
    decoded = dialect("native", privacy=settings.privacy).decode(records)
    notes = [
        f"event {each.offset}: {each.reason} at {each.path or 'record'}: {each.detail}" for each in decoded.refused
    ]
    own = [event for _, _, event in decoded.events if event.shopper_id == shopper]
    if foreign := len(decoded.events) - len(own):
        notes.append(f"{foreign} events are of somebody else")
    if not own:
        return None, notes
    for event in own:
        fold(session, event, session.folded + 1, now_ms, settings.session)
    view = PromptView.of(session)
    window = Window(from_ms=view.from_ms, to_ms=view.to_ms, events=view.events)
    found = rules(view, settings.prompts.vocabulary)
    intent = Intent(
        **structs.asdict(found), shopper=shopper, window=window, as_of_ms=view.to_ms, written_at_ms=now_ms,
        source="rules", position=FRESH,
    )  # fmt: skip
    return intent, notes
