"""Rendering: a shopper's world as the text that a model reads, so that consecutive prompts share their beginning.

The order is what never changes, what changes once a session, what is only appended to, and one constant word. A model
server that keeps its KV cache then computes little more than the newest events.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from string import Template

import orjson

from prompts.answer import ATTRIBUTES, MAX_TOKENS, OTHER, SIGNALS, schema
from prompts.world import Product, World
from streams.errors import SettingInvalid
from streams.profiles import Counts, Tally
from streams.sessions import Session

STOP = ("\n\n",)
"""An answer is one line; an empty one means that the model has begun another shopper, or runs away in whitespace."""

EXAMPLE = "research"
"""The mission of the template's example, where the configured list has it."""

_PROFILE, _EVENTS = "$profile\n", "$events\n"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked, and the bounds of its answer. `json_schema` is for guided decoding."""

    text: str
    version: str
    stop: tuple[str, ...]
    max_tokens: int
    json_schema: str


class PromptRenderer:
    """Renders prompts of one template version, for one list of mission labels. Reads the template once."""

    def __init__(self, version: str, missions: Sequence[str]) -> None:
        text = _template(version)
        head, _, rest = text.partition(_PROFILE)
        _, _, tail = rest.partition(_EVENTS)
        lists = {"missions": dict.fromkeys((*missions, OTHER)), "attributes": ATTRIBUTES, "signals": SIGNALS}
        words = {name: ", ".join(labels) for name, labels in lists.items()}
        self._version = version
        self._prefix = Template(head).substitute(words, example=EXAMPLE if EXAMPLE in missions else OTHER)
        self._suffix = "\n" + tail.rstrip("\n")
        self._schema = schema(missions)

    def render(self, session: Session | World) -> Prompt:
        """The prompt for a session as it stands."""
        world = World.of(session)
        lines = "\n".join(_past(world) + _history(world))
        return Prompt(self._prefix + lines + self._suffix, self._version, STOP, MAX_TOKENS, self._schema)


def versions() -> tuple[str, ...]:
    """The template versions that are packaged."""
    names = [path.name for path in (resources.files("prompts") / "templates").iterdir()]
    return tuple(sorted(name.removesuffix(".txt") for name in names if name.endswith(".txt")))


def _template(version: str) -> str:
    known = versions()
    if version not in known:
        raise SettingInvalid(f"there is no prompt version {version!r}", f"choose one of: {', '.join(known)}")
    return (resources.files("prompts") / "templates" / f"{version}.txt").read_text(encoding="utf-8")


def _past(world: World) -> list[str]:
    """What the prompt says of closed sessions, and of the lines that truncation dropped."""
    past, earlier = world.profile, world.earlier
    before = f"{past.sessions} sessions, {past.purchases} purchases"
    lines = ["Before: " + (_tally(before, past) if past.sessions else "nothing known")]
    if world.dropped:
        lines.append("Earlier: " + _tally(f"{world.dropped} lines, {earlier.purchases} purchases", earlier))
    return lines


def _history(world: World) -> list[str]:
    shown: dict[int, Product] = {}
    told = [0, 0]
    lines = []
    for number, _, minute, action, product, quantity, query in world.entries:
        line = f"#{number} {minute}m {action}"
        if product is not None:
            last = shown.get(product.number)
            line += f" p{product.number}" if product is last else _news(world, product, last, told)
            shown[product.number] = product
            if quantity != 1:
                line += f" x{quantity}"
        elif query:
            line += f" {_quote(query)}"
        lines.append(line)
    return lines


def _news(world: World, product: Product, last: Product | None, told: list[int]) -> str:
    """The product's short name, and what the prompt does not yet say about it.

    `told` holds how many categories and brands the prompt has spelled out.
    """
    number, title, category, brand, price, currency = product
    _, old_title, old_category, old_brand, old_price, old_currency = last or Product(0)
    news = f" p{number}"
    if title != old_title:
        news += f" {_quote(title)}"
    if category != old_category:
        news += _name("c", category, world.categories, told, 0)
    if brand != old_brand:
        news += _name("b", brand, world.brands, told, 1)
    if price != old_price or currency != old_currency:
        news += f" {price:.2f} {currency}".removesuffix(" ").replace(".00", "")
    return news


def _name(letter: str, number: int, names: Sequence[str], told: list[int], kind: int) -> str:
    if number <= told[kind]:
        return f" {letter}{number}"
    told[kind] = number
    return f" {letter}{number} {_quote(names[number - 1])}"


def _tally(start: str, tally: Tally) -> str:
    parts = [start]
    kinds = ("categories", tally.categories), ("brands", tally.brands)
    parts += [f"{kind} {_counts(counts)}" for kind, counts in kinds if counts]
    return "; ".join(parts)


def _counts(counts: Counts) -> str:
    return ", ".join(f"{_quote(name)} {count}" for name, count in counts)


def _quote(text: str) -> str:
    return orjson.dumps(text).decode()
