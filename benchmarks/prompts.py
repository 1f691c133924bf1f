"""Prompts: what they cost to render, how much of one the last one said, and how long answers are. In one thread."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from agents.health.percentiles import percentiles
from benchmarks.intervals import Interval, interval, ratio, round_off
from benchmarks.prefixes import Follower, Shares, follow
from penchant.offline.facts import facts
from penchant.worker.tokenizer import tokenizer
from prompts.answer import parse
from prompts.grounding import ground
from prompts.reading import read
from prompts.render import PromptRenderer
from prompts.rules import rules
from prompts.tokens import Count
from sandbox.gpu.simulated_model import answer
from sandbox.shop.shoppers import ShopperTraffic
from streams.events.event import ShopperEvent
from streams.events.recording import recording
from streams.sessions.session import Session, SessionRules, fold
from streams.sessions.triggers import TriggerRules

SEED = 5
ROWS, SAID_EVERY = 60, 5_000
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PromptCostPlan:
    """What to measure: so many simulated shoppers and their events, and rounds of renderings of a window of 60 events.
    Every so-many-th prompt is answered."""

    shoppers: int = 1_000
    events: int = 40_000
    rounds: int = 300
    windows: int = 10
    answered: int = 7
    version: str = "v1"


QUICK = PromptCostPlan(shoppers=100, events=3_000, rounds=30)


def run(plan: PromptCostPlan, events: Path | None, tokenizer_file: Path | None, say: Say) -> dict[str, Any]:
    """The whole benchmark; `say` takes lines for people. SettingInvalid when a file cannot be read."""
    count, report = tokenizer(tokenizer_file), facts("prompts", quick=plan.rounds < PromptCostPlan().rounds)
    renderer = PromptRenderer(plan.version, count=count)
    report |= {"tokens_by": tokenizer_file.name if tokenizer_file else "estimate", "prompt_version": plan.version}
    say(f"rendering windows of {ROWS} events")
    report |= _rendering(plan, renderer)
    sources: dict[str, Iterable[ShopperEvent]] = {"simulated": simulated(plan)}
    if events is not None:
        sources[events.name] = (event for event in recording(events) if isinstance(event, ShopperEvent))
    report["traffic"] = {}
    for name, source in sources.items():
        say(f"prompts of {name}")
        report["traffic"][name] = _traffic(plan, renderer, count, source, say)
    return report


def simulated(plan: PromptCostPlan) -> Iterator[ShopperEvent]:
    """Shoppers at their own pace."""
    return (event for _, event in islice(ShopperTraffic(SEED, plan.shoppers).events(), plan.events))


def windows(number: int) -> list[Session]:
    """Windows of exactly 60 events, each of one simulated shopper, ten seconds apart."""
    full = []
    for seed in range(number):
        session, rules_ = Session(), SessionRules()
        for offset, (_, event) in enumerate(islice(ShopperTraffic(seed, 1).events(), ROWS)):
            time_ms, items = offset * 10_000, event.items[:1]
            row = ShopperEvent(event.event_id, event.shopper_id, event.action, time_ms, items, event.query)
            fold(session, row, offset, time_ms, rules_)
        full.append(session)
    return full


def _rendering(plan: PromptCostPlan, renderer: PromptRenderer) -> dict[str, Any]:
    """Processor time, ours and a plain dump's in turn, so that what slows the machine slows both."""
    sessions = windows(plan.windows)
    ours, theirs = [], []
    for session in sessions:  # a shop's products are known to a worker that runs
        renderer.render(session)
    for _ in range(plan.rounds):
        ours.append(_each_us(renderer.render, sessions))
        theirs.append(_each_us(naive, sessions))
    middle, beside, times = interval(ours), interval(theirs), ratio(theirs, ours)
    return {
        "events": ROWS,
        "render_us": round_off(middle.middle),
        "render_us_interval": middle.bounds,
        "render_us_least": round_off(min(ours)),
        "naive_json_us": round_off(beside.middle),
        "naive_over_render": round_off(times.middle),
        "naive_over_render_interval": times.bounds,
    }


def naive(session: Session) -> str:
    """The window as JSON objects, field names and all."""
    rows = []
    for event_id, time_ms, action, item, query in session.rows():
        row: dict[str, Any] = {"event_id": event_id, "time_ms": time_ms, "action": action}
        if item is not None:
            names = ("id", "title", "category", "brand", "price", "currency", "quantity")
            row["item"] = {name: getattr(item, name) for name in names}
        if query is not None:
            row["query"] = query
        rows.append(row)
    return json.dumps(rows)


def _each_us(work: Callable[[Session], object], sessions: Sequence[Session]) -> float:
    began_ns = time.thread_time_ns()
    for session in sessions:
        work(session)
    return (time.thread_time_ns() - began_ns) / len(sessions) / 1e3


def _traffic(
    plan: PromptCostPlan, renderer: PromptRenderer, count: Count, events: Iterable[ShopperEvent], say: Say
) -> dict[str, Any]:
    rules_ = SessionRules()
    slides = SessionRules(high_rows=rules_.low_rows, low_rows=rules_.low_rows)
    ours, sliding = (Follower(renderer, count, each, rules_.low_rows) for each in (rules_, slides))
    asked, said, plain = [], [], []
    for number, (_, prompt) in enumerate(follow(events, (ours, sliding), TriggerRules())):
        asked.append(count(prompt))
        if len(asked) % SAID_EVERY == 0:
            say(f"{len(asked):,} prompts so far")
        if number % plan.answered == 0:
            text, full = _answers(prompt)
            said.append(count(text))
            plain.append(count(full))
    return {
        "prompts": len(asked),
        "prefix_share": {name: _shares(getattr(ours.found, name)) for name in ours.found.__slots__},
        "sliding_share": {name: _shares(getattr(sliding.found, name)) for name in sliding.found.__slots__},
        "constant_tokens": renderer.fixed_tokens,
        "prompt_tokens": _spread(asked),
        "answer_tokens": _spread(said),
        "naive_answer_tokens": _spread(plain),
        "answer_over_naive": round_off(median(said) / median(plain)),
    }


def _answers(prompt: str) -> tuple[str, str]:
    """The simulated model's answer, and the JSON of all that an intent says, which a model would have to write else."""
    text, session = answer(prompt), read(prompt)
    return text, ground(parse(text), session, rules(session)).findings.dump().decode()


def _shares(shares: Shares) -> dict[str, Any] | None:
    if not shares.sums:
        return None
    mean: Interval = shares.mean()
    return {
        "mean": round(mean.middle, 4),
        "interval": [round(mean.low or 0, 4), round(mean.high or 0, 4)],
        "prompts": shares.prompts,
    }


def _spread(values: Sequence[int]) -> dict[str, float]:
    return {"median": median(values)} | (percentiles(values, (95, 100)) or {})
