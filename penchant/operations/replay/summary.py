"""Summary: what a replay came to, as text, JSON and a page."""

from collections import Counter
from dataclasses import asdict, replace
from html import escape
from typing import Any

from penchant.operations.replay.run import Outcome

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Penchant replay</title>
<style>body{{font:15px system-ui;margin:2em auto;max-width:46em}}td,th{{padding:.2em .8em;text-align:left}}
.bar{{background:#3a7;height:.8em}}</style>
<h1>Replay</h1><table>{rows}</table>{missions}</html>
"""


def report(outcome: Outcome) -> dict[str, Any]:
    """Everything as plain values."""
    tally = asdict(replace(outcome.tally, missions=Counter(), faults=Counter()))
    del tally["missions"], tally["in_flight"]
    rate = outcome.tally.records / outcome.seconds if outcome.seconds else 0.0
    return {
        **tally,
        "seconds": round(outcome.seconds, 1),
        "records_per_second": round(rate),
        "intents_per_second": round(outcome.tally.intents / outcome.seconds, 1) if outcome.seconds else 0.0,
        "cost": round(outcome.cost, 4),
        "resumed_at": {str(number): offset for number, offset in outcome.resumed_at.items()},
        "faults": {f"{work}: {kind}": count for (work, kind), count in outcome.tally.faults.items()},
        "missions": dict(outcome.tally.missions),
        "compared": outcome.comparison.report() if outcome.comparison else None,
    }


def lines(outcome: Outcome) -> list[str]:
    """The same in words."""
    tally, told = outcome.tally, report(outcome)
    cached = f"{tally.cached_tokens / tally.input_tokens:.0%} cached" if tally.input_tokens else "none"
    taken = f"{tally.events:,} events, {tally.refused:,} refused, {tally.withheld:,} sensitive, {tally.erased:,} erased"
    made = f"{tally.intents:,} intents, {tally.rules_intents:,} of them by the rules"
    found = [
        f"{tally.records:,} records in {outcome.seconds:,.1f} s: {taken}",
        f"{tally.calls:,} calls, {tally.call_failures:,} failed; {made}",
        f"{tally.covered:,} intents not taken, since something newer is there",
        f"{tally.input_tokens:,} tokens in ({cached}), {tally.output_tokens:,} out; cost {outcome.cost:,.2f}",
    ]
    if tally.left_out:
        found.append(
            f"{tally.left_out:,} shoppers were left out from where our own code failed; the log says of what kind"
        )
    if outcome.resumed_at:
        places = ", ".join(f"{offset:,} of partition {number}" for number, offset in sorted(outcome.resumed_at.items()))
        found.insert(0, f"resumed at offset {places}: what is said below is of what came after")
    return found + _compared(told["compared"]) if told["compared"] else found


def page(outcome: Outcome) -> str:
    """The same as HTML."""
    told = report(outcome)
    missions = told.pop("missions")
    compared = told.pop("compared") or {}
    changed = compared.pop("most_changed_missions", [])
    rows = "".join(f"<tr><td>{escape(name)}<td>{escape(str(value))}" for name, value in (told | compared).items())
    most = max(missions.values(), default=1)
    bars = "".join(
        f'<tr><td>{escape(name)}<td>{count}<td><div class="bar" style="width:{count / most * 300:.0f}px"></div>'
        for name, count in sorted(missions.items(), key=lambda pair: -pair[1])
    )
    moves = "".join(
        f"<tr><td>{escape(each['live'])}<td>{escape(each['replayed'])}<td>{each['shoppers']}" for each in changed
    )
    changes = f"<h2>Changed missions</h2><table><tr><th>live<th>replayed<th>shoppers{moves}</table>" if moves else ""
    return PAGE.format(rows=rows, missions=f"<h2>Missions</h2><table>{bars}</table>{changes}")


def _compared(compared: dict[str, Any]) -> list[str]:
    both = compared["both"]
    who = f"{compared['replayed']:,} with an intent here, {compared['live']:,} with a live one, {both:,} with both"
    found = [f"{compared['shoppers']:,} shoppers seen: {who}"]
    if both:
        changed = ("missions", "stages", "categories")
        told = ", ".join(f"{name} {compared[f'{name}_changed']:.1%}" for name in changed)
        found.append(f"of those with both {compared['same_offset']:.1%} stand at the same offset; changed: {told}")
    moves = compared["most_changed_missions"]
    return found + [f"  {each['live']} -> {each['replayed']}: {each['shoppers']:,}" for each in moves]
