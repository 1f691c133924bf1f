"""The simulated model's answers: it reads the prompt's own lines, counts as the rules do, and says so in few words.

It is no language model, and knows nothing but the prompt. Whatever the prompt, its answer is well formed. It runs
inside Triton's Python stub, so it imports nothing that is slow to start.
"""

import re

from msgspec import structs

from prompts.answer import EVIDENCE, HIGHEST, NAMED, OTHER, Answer
from prompts.funnel import JUDGED
from prompts.reading import offered, read
from prompts.rules import rules
from prompts.view import PromptView
from prompts.vocabulary import DEFAULT_VOCABULARY
from prompts.words import mission_text
from sandbox.gpu import simulated_match, simulated_products
from streams.records.intents import Findings, NextAction, Weighted

QUALITIES = {
    "color": ("black", "white", "blue", "red", "green", "grey", "gray", "brown", "yellow", "pink", "purple", "silver"),
    "material": ("leather", "wool", "cotton", "steel", "wooden", "glass", "ceramic", "linen"),
    "feature": ("waterproof", "wireless", "cordless", "quiet", "foldable", "organic"),
}
"""The words that it takes for a wanted quality, by attribute."""

_COMMON = 0.5  # the share of titles that must have a quality for it to be wanted


def answer(prompt: str) -> str:
    """The answer to a prompt, as compact JSON."""
    if prompt.startswith(simulated_match.BEGIN):
        return simulated_match.answer(prompt)
    if prompt.startswith(simulated_products.BEGIN):
        return simulated_products.answer(prompt, QUALITIES)
    view = PromptView.of(read(prompt))
    labels = [label for label in offered(prompt) if label != OTHER]
    found = rules(view, DEFAULT_VOCABULARY.offering(labels) if labels else DEFAULT_VOCABULARY)
    qualities = _qualities(view)
    adjective = next((qualities[name] for name in ("color", "material", "feature") if name in qualities), "")
    text = mission_text(found.stage, found.categories, found.brands, found.price_band, adjective)
    foresees = bool(offered(prompt, "Stages"))
    band = found.price_band if foresees else None
    return Answer(
        mission=found.mission.label,
        text=text,
        stage=found.stage if foresees and found.stage in JUDGED else None,
        price=(round(band.low), round(band.high)) if band else None,
        following=_likely(found.next_action) if foresees else None,
        categories=_numbered(found.categories, view.categories),
        brands=_numbered(found.brands, view.brands),
        attributes=qualities,
        signals=_signals(found, offered(prompt, "Signals")),
        confidence=_level(found.confidence),
        evidence=tuple(int(event_id.lstrip("#")) for event_id in found.evidence[-EVIDENCE:]),
    ).write()


def _qualities(view: PromptView) -> dict[str, str]:
    """The commonest quality of each attribute, where it is in at least half of the titles and searches."""
    texts = [(entry.product.title if entry.product else entry.query) for entry in view.entries]
    words = [set(re.findall(r"\w+", text.casefold())) for text in texts if text]
    chosen = {}
    for name, qualities in QUALITIES.items():
        count, quality = max((sum(quality in each for each in words), quality) for quality in qualities)
        if words and count >= _COMMON * len(words):
            chosen[name] = quality
    return chosen


def _numbered(weighted: tuple[Weighted, ...], names: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    return tuple((names.index(each.name) + 1, _level(each.weight)) for each in weighted[:NAMED])


def _likely(following: NextAction) -> dict[str, int]:
    return {name: _level(share) for name, share in structs.asdict(following).items() if _level(share)}


def _signals(found: Findings, names: tuple[str, ...]) -> dict[str, int]:
    levels = {name: _level(share) for name, share in found.signals.items() if name in names}
    return {name: level for name, level in levels.items() if level}


def _level(share: float) -> int:
    return round(share * HIGHEST)
