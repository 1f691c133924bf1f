"""Shopper: what one shopper did, beside the intent that was made of it, and why it is as old as it is."""

import time
from collections.abc import Iterator
from typing import Any

from penchant.console.snapshot import Snapshot
from penchant.console.views.banner import banner
from penchant.console.words import Figure, seconds, share
from penchant.operations.inspection.masking import without_texts
from penchant.operations.inspection.printout import came_of_it
from penchant.operations.inspection.shopper_report import ShopperReport
from penchant.operations.inspection.why import MEANINGS, Part, largest, parts, verdict
from prompts.guard import QUERY, TITLE, clean
from prompts.words import describe, noun
from streams.records.intents import Intent
from streams.sessions.session import Row

DID = {
    "view": "viewed", "click": "clicked", "list_view": "saw listed", "search": "searched", "cart_add": "put in cart",
    "cart_remove": "took out", "cart_view": "saw cart", "checkout": "checked out", "purchase": "bought",
    "refund": "returned", "wishlist_add": "wished for",
}  # fmt: skip

MASK = "•••"
"""A title or a search that is not to be seen."""

SHOWN = 24
"""The last lines of the window that are shown; the prompt has all."""


def shopper(report: ShopperReport, seen: Snapshot, *, raw: bool) -> dict[str, Any]:
    """Everything that the page shows; `raw` is for the role privacy alone."""
    if not raw:
        report = without_texts(report)
    intent, lines = report.intent, list(_lines(report, raw=raw))
    return {
        "banner": banner(seen),
        "shopper": report.shopper,
        "raw": raw,
        "sentence": describe(intent) if intent else "No intent is stored.",
        "why": verdict(intent, report.status, report.at_ms),
        "tags": list(_tags(report)) if intent else [],
        "lines": lines[-SHOWN:],
        "earlier": max(len(lines) - SHOWN, 0),
        "waits": _waits(intent) if intent else None,
        "facts": list(_facts(intent)) if intent else [],
        "prompt": report.prompt.text if report.prompt else "",
        "answers": [
            {
                "at_ms": each.at_ms,
                "who": f"{each.model} at {each.replica}",
                "failed": each.is_failure,
                "arm": each.arm,
                "came": came_of_it(each),
                "text": each.text,
            }
            for each in report.answers
        ],
        "notes": report.notes,
    }


def _tags(report: ShopperReport) -> Iterator[tuple[str, str]]:
    """A kind and its words."""
    intent = report.intent
    if intent is None:
        return
    as_new = report.status.stored is None or str(report.status.stored) == intent.position
    yield ("fresh", "as new as it can be") if as_new else ("", "newer events are stored")
    if intent.source == "model":
        yield "model", f"{intent.model} at {intent.replica}, prompt {intent.prompt_version}"
    else:
        yield "", "by the rules"
    if intent.arm:
        yield "", f"arm {intent.arm}"
    if report.context is not None and report.context.owed:
        yield "", "a call is owed"
    if report.expires_in_s is not None:
        yield "", f"expires in {seconds(report.expires_in_s)}"


def _lines(report: ShopperReport, *, raw: bool) -> Iterator[dict[str, Any]]:
    """The events of the window, and the intent where it was made."""
    intent = report.intent
    made = None if intent is None else {
        "call": True, "source": intent.source, "words": describe(intent),
        "after": str(seconds((intent.written_at_ms - intent.as_of_ms) / 1e3)),
    }  # fmt: skip
    for row in report.session.rows() if report.session is not None else ():
        if made is not None and intent is not None and row.time_ms > intent.window.to_ms:
            yield made
            made = None
        yield _line(row, evidence=intent is not None and row.event_id in intent.evidence, raw=raw)
    if made is not None:
        yield made


def _line(row: Row, *, evidence: bool, raw: bool) -> dict[str, Any]:
    item = row.item
    if item is None:
        what = f"“{clean(row.query, QUERY) if raw else MASK}”" if row.query else ""
    else:
        what = clean(item.title, TITLE) if raw and item.title else f"{noun(item.category or '')} {item.id}"
    price = "" if item is None or item.price is None else f"{item.price:,.2f} {item.currency or ''}".rstrip()
    clock = time.strftime("%H:%M:%S", time.gmtime(row.time_ms / 1e3))
    return {"time": clock, "did": DID[row.action], "what": what, "price": price, "evidence": evidence}


def _waits(intent: Intent) -> dict[str, Any]:
    """A bar a part, each where the one before it ends; in hundredths of the whole."""
    made = [part for part in parts(intent, intent.written_at_ms) if part.name != "since"]
    whole, longest = sum(part.ms for part in made) or 1.0, largest(made)
    bars, at = [], 0.0
    for part in made:
        bars.append(_bar(part, at / whole, part.ms / whole, most=part is longest))
        at += part.ms
    meaning = MEANINGS[longest.name].removesuffix(", as clocks have it")
    return {"answer": f"Where {seconds(whole / 1e3)} went: mostly {longest.name}", "meaning": meaning, "bars": bars}


def _bar(part: Part, at: float, width: float, *, most: bool) -> dict[str, Any]:
    figure = Figure(f"{part.ms:,.0f}", "ms")
    return {"name": part.name, "x": f"{at:.1%}", "width": f"{max(width, 0.004):.1%}", "figure": figure, "most": most}


def _facts(found: Intent) -> Iterator[tuple[str, str]]:
    """What rankers read, by a person's names."""
    yield "Stage", found.stage
    yield "Mission", found.mission.label
    yield "Categories", ", ".join(f"{each.name} {share(each.weight)}" for each in found.categories)
    yield "Brands", ", ".join(f"{each.name} {share(each.weight)}" for each in found.brands)
    if found.price_band is not None:
        band = found.price_band
        yield "Price", f"{band.low:,.2f} to {band.high:,.2f} {band.currency}".rstrip()
    yield "Attributes", ", ".join(f"{each.name}: {each.value}" for each in found.attributes)
    likely = max(found.next_action.__struct_fields__, key=lambda name: float(getattr(found.next_action, name)))
    yield "Next", f"{likely} {share(getattr(found.next_action, likely))}"
    yield "Sure", str(share(found.confidence))
    yield "Position", found.position
