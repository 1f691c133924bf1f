"""Printout: a shopper report as people read it, and as machines do."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from msgspec import json, structs, to_builtins
from rich.console import Console
from rich.table import Table
from rich.text import Text

from penchant.operations.inspection.ask import Asked
from penchant.operations.inspection.shopper_report import ShopperReport
from penchant.operations.inspection.why import MEANINGS, Part, largest, parts, verdict
from storage.answers import KeptAnswer
from streams.records.intents import Intent
from streams.sessions.session import Session

BAR = 12
"""Characters of the longest bar."""

LINES = 12
"""The prompt's last lines that are shown unless all are asked for."""


PARROT = (
    "It repeats an example of its prompt, and says nothing of this shopper: try another prompt, or a larger model "
    "(penchant eval)."
)


def show(console: Console, shopper_report: ShopperReport, asked: Asked | None, *, whole_prompt: bool) -> None:
    """Print it, the reason for its age first."""
    why = verdict(shopper_report.intent, shopper_report.status, shopper_report.at_ms)
    console.print(f"[bold]{shopper_report.shopper}[/bold]: {why}")
    if shopper_report.intent is not None:
        console.print(bars(parts(shopper_report.intent, shopper_report.at_ms)))
        _intent(console, shopper_report.intent, shopper_report.expires_in_s)
    if shopper_report.session is not None:
        _stored(console, shopper_report)
        console.print(events(shopper_report.session))
    if shopper_report.prompt is not None:
        _prompt(console, shopper_report.prompt.text, whole=whole_prompt)
    for each in shopper_report.answers:
        _kept(console, each)
    if asked is not None:
        _asked(console, asked)
    for note in shopper_report.notes:
        console.print(f"[yellow]note[/yellow]: {note}")


def bars(found: list[Part]) -> Table:
    """The parts of the age as a bar chart, the largest one of its making marked. How long ago that was has no bar: of
    an old intent nothing else would be seen."""
    longest = largest(found, made=True)
    table = Table(box=None, show_header=False, padding=(0, 1))
    for part in found:
        mark = "◀" if part is longest and part.ms else ""
        length = round(part.ms / longest.ms * BAR) if longest.ms and part.name != "since" else 0
        style = "bold red" if mark else "cyan"
        table.add_row(part.name, _ms(part.ms), Text("█" * length, style=style), mark, MEANINGS[part.name])
    return table


def events(session: Session) -> Table:
    """The window's lines without what shoppers typed; the prompt shows that, masked."""
    table = Table(
        title=f"session of {session.events} events, {session.height} lines in the window", title_justify="left"
    )
    for name in ("time (UTC)", "action", "item", "category", "price"):
        table.add_column(name, overflow="fold")
    for row in session.rows():
        item = row.item
        shown = (
            (item.id, item.category or "", "" if item.price is None else f"{item.price:g}") if item else ("", "", "")
        )
        table.add_row(_time(row.time_ms), row.action, *shown)
    return table


def report(shopper_report: ShopperReport, asked: Asked | None) -> dict[str, Any]:
    """The same as one JSON object."""
    intent, context, session = shopper_report.intent, shopper_report.context, shopper_report.session
    return {
        "shopper": shopper_report.shopper,
        "why": verdict(intent, shopper_report.status, shopper_report.at_ms),
        "age_ms": shopper_report.at_ms - intent.as_of_ms if intent else None,
        "parts_ms": {part.name: part.ms for part in parts(intent, shopper_report.at_ms)} if intent else {},
        "intent": to_builtins(intent) if intent else None,
        "expires_in_s": shopper_report.expires_in_s,
        "stored": {
            "position": str(context.position),
            "partition": context.partition,
            "owner": context.owner,
            "owed": context.owed,
            "events": session.events if session else None,
            "lines": session.height if session else None,
        }
        if context
        else None,
        "erasure": shopper_report.erasure or None,
        "later_records": shopper_report.later.records if shopper_report.later else None,
        "prompt": shopper_report.prompt.text if shopper_report.prompt else None,
        "answers": [asdict(each) for each in shopper_report.answers],
        "asked": _asked_report(asked) if asked else None,
        "notes": shopper_report.notes,
    }


def _intent(console: Console, intent: Intent, expires_in_s: float | None) -> None:
    who = f"{intent.model} at {intent.replica}" if intent.model else "the rules"
    arm = f", arm {intent.arm}" if intent.arm else ""
    expires = f", expires in {expires_in_s:,.0f} s" if expires_in_s is not None else ""
    console.print(f"intent at {intent.position} by {who}, prompt {intent.prompt_version}{arm}{expires}")
    told = {name: value for name, value in structs.asdict(intent).items() if name != "waits"}
    console.print(json.encode(told).decode(), soft_wrap=True, highlight=True)


def _stored(console: Console, shopper_report: ShopperReport) -> None:
    context = shopper_report.context
    if context is not None:
        owed = ", a call is owed" if context.owed else ""
        erased = f", erased before (erasure {context.erasure})" if context.erasure else ""
        place = f"partition {context.partition}, position {context.position}"
        console.print(f"stored at {place}, by {context.owner}{owed}{erased}")


def _prompt(console: Console, text: str, *, whole: bool) -> None:
    lines = text.splitlines()
    left_out = 0 if whole else max(len(lines) - LINES, 0)
    what = f" (the last {LINES} of {len(lines)} lines; --prompt shows all)" if left_out else ""
    console.print(f"[bold]prompt[/bold]{what}")
    console.print("\n".join(lines[left_out:]), markup=False, highlight=False, soft_wrap=True)


def _kept(console: Console, kept: KeptAnswer) -> None:
    console.print(f"[bold]answer[/bold] of {kept.model} at {kept.replica}, {_time(kept.at_ms)}, at {kept.position}")
    console.print(kept.text, markup=False, highlight=False, soft_wrap=True)
    console.print(came_of_it(kept), markup=False, highlight=False)


def came_of_it(kept: KeptAnswer) -> str:
    """What an answer led to, in words."""
    if kept.refused:
        return f"it was no intent: {kept.refused}"
    removed = f"grounding removed: {', '.join(kept.removed) or 'nothing'}"
    return f"{removed}; nothing held, and the rules spoke" if kept.empty else removed


def _asked(console: Console, asked: Asked) -> None:
    console.print(f"[bold]answer[/bold] of {asked.model} at {asked.endpoint}, now{_figures(asked)}")
    console.print(asked.text, markup=False, highlight=False, soft_wrap=True)
    if asked.refused:
        console.print(f"it is no answer: {asked.refused}")
        if asked.parroted:
            console.print(PARROT, markup=False, highlight=False)
    else:
        console.print(f"grounding removed: {', '.join(asked.removed) or 'nothing'}")


def _figures(asked: Asked) -> str:
    """What the server told of the call."""
    told = []
    if asked.cached_tokens is not None:
        told.append(f"{asked.cached_tokens:,} tokens of the prompt were cached")
    if asked.kv_hit_rate is not None:
        told.append(f"the router found {asked.kv_hit_rate:.0%} of its blocks")
    if asked.router_queue is not None:
        told.append(f"{asked.router_queue:,} calls waited in it")
    return f" ({', '.join(told)})" if told else ""


def _asked_report(asked: Asked) -> dict[str, Any]:
    findings = to_builtins(asked.findings) if asked.findings else None
    told = {"endpoint": asked.endpoint, "model": asked.model, "answer": asked.text, "removed": asked.removed}
    told |= {name: getattr(asked, name) for name in ("cached_tokens", "kv_hit_rate", "router_queue")}
    by_rules = to_builtins(asked.by_rules) if asked.by_rules else None
    refused = {"refused": asked.refused or None, "parroted": asked.parroted}
    return told | {"findings": findings, "rules": by_rules, **refused}


def _ms(value: float) -> str:
    return f"{value / 1e3:,.1f} s" if value >= 10_000 else f"{value:,.0f} ms"


def _time(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1e3, UTC).strftime("%m-%d %H:%M:%S")
