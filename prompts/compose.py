"""Compose: findings and their bookkeeping as the intent that is promised to rankers."""

from msgspec import structs

from prompts.view import PromptView
from streams.records.intents import Findings, Intent, Source, Waits, Window
from streams.sessions.session import Session

NO_WAITS = Waits()


def compose(
    findings: Findings,
    session: Session | PromptView,
    *,
    shopper: str,
    source: Source,
    position: str,
    written_at_ms: int,
    model: str = "",
    replica: str = "",
    prompt_version: str = "",
    arm: str = "",
    learned: str = "",
    waits: Waits = NO_WAITS,
) -> Intent:
    """The intent of a shopper, made from the session as it stood. `as_of_ms` is its latest event's time."""
    view = PromptView.of(session)
    return Intent(
        **structs.asdict(findings),
        shopper=shopper,
        window=Window(from_ms=view.from_ms, to_ms=view.to_ms, events=view.events),
        as_of_ms=view.to_ms,
        written_at_ms=written_at_ms,
        source=source,
        model=model,
        replica=replica,
        prompt_version=prompt_version,
        arm=arm,
        learned=learned,
        position=position,
        waits=waits,
    )
