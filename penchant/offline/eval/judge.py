"""Judge: a language model that compares two predictors' findings by a pinned rubric, each pair in both orders."""

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from string import Template
from typing import Any

import orjson
from msgspec import json, structs

from clients.calls import Call, ModelClient
from penchant.offline.eval.agreement import ENOUGH, kappa
from penchant.offline.eval.calling import Caller, first
from penchant.offline.eval.cases import Shown
from prompts.view import PromptView
from streams.errors import DeadlinePassed, ModelUnavailable
from streams.records.intents import Findings

RUBRIC = "v1"
AT_ONCE = 8
TIE = "tie"
SCHEMA = json.encode(
    {
        "type": "object",
        "properties": {"winner": {"type": "string", "enum": ["first", "second", TIE]}},
        "required": ["winner"],
        "additionalProperties": False,
    }
).decode()
_NORMAL = 1.96
_COMPARED = {"mission", "stage", "categories", "brands", "attributes", "price_band", "signals", "confidence"}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two predictors' findings on one window. `id` is what people's labels refer to."""

    id: str
    shown: Shown
    one: Findings
    other: Findings

    def report(self, names: tuple[str, str]) -> dict[str, Any]:
        """For people who label."""
        one, other = names
        told = {"pair": self.id, "shown": described(self.shown.view)}
        return {**told, one: reading(self.one), other: reading(self.other)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who won: `one`, `other` or `tie`. `flipped`: the two orders contradict each other, which makes a tie; `valid`:
    both answers were a verdict at all."""

    winner: str
    flipped: bool = False
    valid: bool = True


async def judge(client: ModelClient, pairs: Sequence[Pair], advance: Callable[[int], None]) -> list[Verdict]:
    """A verdict for each pair. Raises ModelUnavailable when the judge does not answer."""
    rubric = Template(
        (resources.files("penchant.offline.eval") / "rubrics" / f"{RUBRIC}.txt").read_text(encoding="utf-8")
    )
    turns, caller = asyncio.Semaphore(AT_ONCE), Caller(client)

    async def decide(pair: Pair) -> Verdict:
        async with turns:
            one, other = reading(pair.one), reading(pair.other)
            there = await _asked(caller, rubric, pair, one, other)
            back = await _asked(caller, rubric, pair, other, one)
        advance(1)
        return verdict(there, back)

    try:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(decide(pair)) for pair in pairs]
    except* (ModelUnavailable, DeadlinePassed) as group:
        raise ModelUnavailable(f"the judge does not answer: {first(group)}") from group
    return [task.result() for task in running]


def verdict(there: str | None, back: str | None) -> Verdict:
    """From the answers in both orders; `back` has the second predictor first."""
    if there is None or back is None:
        return Verdict(TIE, valid=False)
    turned = {"first": "second", "second": "first", TIE: TIE}[back]
    if there != turned:
        return Verdict(TIE, flipped=True)
    return Verdict({"first": "one", "second": "other", TIE: TIE}[there])


def report(
    verdicts: Sequence[Verdict], pairs: Sequence[Pair], names: tuple[str, str], labels: Mapping[str, str]
) -> dict[str, Any]:
    """What the judge found, whether people agree, and whether it counts: `passed` is False where a judge that counts
    surely prefers the first predictor to the second."""
    one, other = names
    called = {"one": one, "other": other, TIE: TIE}
    winners = {pair.id: called[each.winner] for pair, each in zip(pairs, verdicts, strict=True)}
    shared = sorted(winners.keys() & labels.keys())
    agreed = kappa([winners[id_] for id_ in shared], [labels[id_] for id_ in shared]) if shared else None
    counts = agreed is not None and agreed >= ENOUGH
    preference, half = _preference(verdicts)
    return {
        "rubric": RUBRIC,
        "pairs": len(verdicts),
        "won": {name: sum(winner == name for winner in winners.values()) for name in (one, other, TIE)},
        "flipped": sum(each.flipped for each in verdicts),
        "invalid": sum(not each.valid for each in verdicts),
        "preference": round(preference, 4),
        "interval": [round(preference - half, 4), round(preference + half, 4)],
        "labels": len(shared),
        "kappa": None if agreed is None else round(agreed, 4),
        "counts": counts,
        "passed": not (counts and preference + half < 0),
    }


def described(view: PromptView) -> str:
    """A line for each thing done, untrusted text in JSON's quotes."""
    lines = []
    for entry in view.entries:
        product, told = entry.product, [entry.query] if entry.query else []
        if product is not None:
            names = [(view.categories, product.category), (view.brands, product.brand)]
            told = [product.title, *(known[number - 1] for known, number in names if number)]
        price = f" {product.price:g} {product.currency}".rstrip() if product and product.price else ""
        lines.append(
            " ".join([f"{entry.minute}m {entry.action}", *(orjson.dumps(each).decode() for each in told)]) + price
        )
    return "\n".join(lines)


def reading(found: Findings) -> str:
    """The compared part of an intent, as JSON."""
    told = {name: value for name, value in structs.asdict(found).items() if name in _COMPARED and value is not None}
    return json.encode(told).decode()


async def _asked(caller: Caller, rubric: Template, pair: Pair, first: str, second: str) -> str | None:
    prompt = rubric.substitute(shown=described(pair.shown.view), first=first, second=second)
    call = Call(f"judge-{pair.id}", prompt, 0.0, 24, pair.id, "batch", stop=("\n\n",), json_schema=SCHEMA)
    completion, _ = await caller.complete(call)
    return _winner(completion.text)


def _winner(text: str) -> str | None:
    """What the judge said; None where that is no verdict."""
    begin, end = text.find("{"), text.find("}")
    try:
        said = orjson.loads(text[begin : end + 1]) if 0 <= begin < end else None
    except orjson.JSONDecodeError:
        return None
    winner = said.get("winner") if isinstance(said, dict) else None
    return winner if winner in ("first", "second", TIE) else None


def _preference(verdicts: Sequence[Verdict]) -> tuple[float, float]:
    """From -1, all for the first predictor, to 1, all for the second; and half of its 95 % interval. Pairs are of
    different sessions, so they are independent."""
    votes = [{"one": -1, "other": 1, TIE: 0}[each.winner] for each in verdicts]
    if not votes:
        return 0.0, 1.0
    mean = sum(votes) / len(votes)
    spread = sum((vote - mean) ** 2 for vote in votes) / max(len(votes) - 1, 1)
    return mean, _NORMAL * math.sqrt(spread / len(votes))
