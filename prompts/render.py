"""Rendering: a shopper's view as the text that a model reads, so that consecutive prompts share their beginning.

The order is what never changes, what changes once a session, what is only appended to, and one constant word. A model
server that keeps its KV cache then computes little more than the newest events.
"""

from functools import lru_cache

from msgspec import Struct, structs

from prompts.answer import STOP
from prompts.budget import OTHERS, Fit, PromptRules
from prompts.library import DEFAULT_PROMPTS, PromptLibrary
from prompts.schema import AnswerSchema, max_tokens
from prompts.tokens import Count, estimate
from prompts.view import NO_OTHERS, About, Others, Product, PromptView, quoted
from streams.errors import SettingInvalid
from streams.records.intents import Findings
from streams.sessions.profiles import Counts, InterestCounts
from streams.sessions.session import Session

DEFAULT_BUDGET = PromptRules()

_SUFFIX = "\nAnswer:"


class Prompt(Struct, frozen=True, gc=False):
    """What a model is asked, and the bounds of its answer. `json_schema` is for guided decoding: its numbers are those
    of this prompt."""

    text: str
    version: str
    stop: tuple[str, ...]
    max_tokens: int
    json_schema: str


class PromptRenderer:
    """Renders prompts of one template of a library.

    `about` tells what the shop says of a product; a template must have said so in its example to be given that.

    No prompt has more tokens than its `budget` says, as `count` counts them: with the model's own tokenizer, or else by
    an estimate; `fixed_tokens` of them are in every prompt. SettingInvalid when there is no such template, or the
    budget has no room for events.
    """

    def __init__(
        self,
        name: str,
        prompts: PromptLibrary = DEFAULT_PROMPTS,
        budget: PromptRules = DEFAULT_BUDGET,
        count: Count = estimate,
        about: About | None = None,
    ) -> None:
        self.template = template = prompts.template(name)
        if about is not None and not template.describes:
            raise SettingInvalid(
                f"prompt version {name} has no lines on what the shop says of products",
                "set prompt.version to v2 or later, or knowledge.enabled to false",
            )
        vocabulary = prompts.vocabulary
        self._schema = AnswerSchema(vocabulary, foresees=template.foresees)
        self._max_tokens = max_tokens(vocabulary, count, foresees=template.foresees)
        self.fixed_tokens = count(template.prefix) + count(_SUFFIX)
        self._fit = Fit(budget, self.fixed_tokens + (OTHERS if template.offers else 0), count, about)

    def view(self, session: Session, most_lines: int | None = None) -> PromptView:
        """What the prompt for a session shows of it: as much as the budget has room for, at the most so many lines."""
        return self._fit.view(session, most_lines)

    def offering(self, view: PromptView, findings: Findings) -> PromptView:
        """The view with the names that the rules inferred from other shoppers, where the template says what they are
        and as far as they fit."""
        if not self.template.offers or not findings.inferred:
            return view
        return structs.replace(view, others=self._fit.others(inferred(view, findings)))

    def render(self, session: Session | PromptView) -> Prompt:
        """The prompt for a session as it stands, or for what `view` made of it."""
        view = session if isinstance(session, PromptView) else self._fit.view(session)
        lines = "\n".join(_past(view) + _history(view) + (_others(view) if view.others is not NO_OTHERS else []))
        text, version = self.template.prefix + lines + _SUFFIX, self.template.version
        return Prompt(text, version, STOP, self._max_tokens, self._schema.of(view))


def inferred(view: PromptView, findings: Findings) -> Others:
    """The names of findings that the view does not have."""
    categories = tuple(each.name for each in findings.categories if each.name not in view.categories)
    return Others(categories, tuple(each.name for each in findings.brands if each.name not in view.brands))


def _past(view: PromptView) -> list[str]:
    """What the prompt says of closed sessions, and of the lines that truncation dropped."""
    past, earlier = view.profile, view.earlier
    before = f"{past.sessions} sessions, {past.purchases} purchases"
    lines = ["Before: " + (_tally(before, past) if past.sessions else "nothing known")]
    if view.dropped:
        lines.append("Earlier: " + _tally(f"{view.dropped} lines, {earlier.purchases} purchases", earlier))
    return lines


def _history(view: PromptView) -> list[str]:
    shown: dict[int, Product] = {}
    told = [0, 0]  # how many categories and brands are spelled out
    lines = []
    for number, _, minute, action, product, quantity, query in view.entries:
        if product is None:
            lines.append(f"#{number} {minute}m {action}{quoted(query) if query else ''}")
            continue
        short = product[0]
        last = shown.get(short)
        line = f"#{number} {minute}m {action} p{short}"
        if last is not product:
            shown[short] = product
            line += _news(view, product, last or _UNKNOWN, told)
        if quantity != 1:
            line += f" x{quantity}"
        if last is None and product.about:
            line += f"\np{short}:{quoted(product.about)}"
        lines.append(line)
    return lines


def _others(view: PromptView) -> list[str]:
    """What other shoppers went on to, last of all, so that the lines before it stay as they are."""
    kinds = ("c", len(view.categories), view.others.categories), ("b", len(view.brands), view.others.brands)
    told = [f"{kind}{number}{quoted(name)}" for kind, own, names in kinds for number, name in enumerate(names, own + 1)]
    return ["Others: " + " ".join(told)] if told else []


_UNKNOWN = Product(0)


def _news(view: PromptView, product: Product, last: Product, told: list[int]) -> str:
    """What the prompt does not yet say about a product."""
    _, title, category, brand, price, currency, _ = product
    _, old_title, old_category, old_brand, old_price, old_currency, _ = last
    news = quoted(title) if title != old_title else ""
    if category != old_category:
        news += f" c{category}"
        if category > told[0]:
            told[0] = category
            news += quoted(view.categories[category - 1])
    if brand != old_brand:
        news += f" b{brand}"
        if brand > told[1]:
            told[1] = brand
            news += quoted(view.brands[brand - 1])
    if price != old_price or currency != old_currency:
        news += _money(price, currency)
    return news


def _tally(start: str, tally: InterestCounts) -> str:
    parts = [start]
    kinds = ("categories", tally.categories), ("brands", tally.brands)
    parts += [kind + _counts(counts) for kind, counts in kinds if counts]
    return "; ".join(parts)


def _counts(counts: Counts) -> str:
    return ",".join(f"{quoted(name)} {count}" for name, count in counts)


@lru_cache(16_384)
def _money(price: float, currency: str) -> str:
    return f" {price:.2f} {currency}".removesuffix(" ").replace(".00", "")
