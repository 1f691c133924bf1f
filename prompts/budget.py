"""Budget: which of a window's lines a prompt shows, so that it never has more tokens than it may. Pure.

History is cut in chunks: once it passes the high mark, its oldest lines go, in one step, until it is below the low one.
In between, lines are only appended, and a model server finds all but the newest of them in its KV cache.

Nothing of it is stored. The window's lines are gone through from the first one, as they once came. So the cut is a
function of the window alone, and the window of the events alone: the next owner of a session cuts at the same line.
"""

from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import Annotated

from msgspec import structs
from pydantic import Field, ValidationInfo, field_validator

from prompts.tokens import Count
from prompts.view import MINUTE_MS, About, Entry, Others, Product, PromptView, quoted
from streams.errors import SettingInvalid
from streams.section import Blocks, File, Folder, form, section
from streams.sessions.profiles import Counts, InterestCounts
from streams.sessions.session import ACTIONS, Session

BLOCK = 64
"""Tokens of a block of KV cache, or several blocks: servers use 16, 32 or 64, and only full ones are found again."""

PAST = 2 * BLOCK
"""Tokens kept for each of the two lines on the past (closed sessions, earlier lines); names beyond it are left out."""

OTHERS = 2 * BLOCK
"""Tokens kept for the line on what other shoppers went on to, where there is one; names beyond it are left out."""

LEAST = 6 * BLOCK
"""History that there must be room for below the low mark: about twenty lines."""

_START, _QUANTITY = 24, 10
"""No line on the past begins with more tokens than this, and no quantity has more."""

_SLACK = 2
"""A tokenizer may part words a little differently where pieces meet."""

_REMEMBERED = 8_192


TemplateName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,59}$"), form("the name of a template, such as v1")]


@section
class PromptRules:
    """What the model is asked."""

    version: TemplateName = "v1"
    """The prompt template: a packaged one, or the name of a file in prompt.folder without its .txt."""
    folder: Folder | None = None
    """A folder with the shop's own templates (NAME.txt) and its vocabulary.toml: missions, attributes and signals, with
    the words that tell them. It is read and checked at the start; docs/prompts.md says what it may hold."""
    high_tokens: Blocks = 40 * BLOCK
    """The most tokens of a whole prompt; beyond it the oldest lines of history go, a chunk at a time. Whole blocks,
    because a block that is not full is computed again with every call."""
    low_tokens: Blocks = 24 * BLOCK
    """The most that are left after such a cut: dropping a chunk at once keeps the model's prefix cache warm for longer.
    The constant parts of a prompt take about 600."""
    tokenizer: File | None = None
    """The model's tokenizer.json, to count tokens as the model does (needs the extra `tokens`). Without it they are
    estimated."""

    @field_validator("low_tokens")
    @classmethod
    def below_high(cls, low: int, info: ValidationInfo) -> int:
        """A cut must drop something."""
        if low >= info.data.get("high_tokens", low + 1):
            raise ValueError(f"must be below prompt.high_tokens, which is {info.data['high_tokens']}")
        return low


class Fit:
    """Cuts windows to a budget, of which the constant parts of the prompt take `fixed_tokens`.

    Raises SettingInvalid when what they leave is too little.
    """

    def __init__(self, budget: PromptRules, fixed_tokens: int, count: Count, about: About | None = None) -> None:
        self._count, self._about = count, about
        self._actions = {action: count(f"\n#0 -0m {action} p0") - 3 * count("0") for action in ACTIONS}
        self._most = max(self._actions.values()) + _QUANTITY
        self._number = lru_cache(_REMEMBERED)(lambda number: count(str(number)))
        self._opening = lru_cache(_REMEMBERED)(lambda number: count(f"\np{number}:"))
        self._text = lru_cache(_REMEMBERED)(lambda text: count(quoted(text)) + _SLACK)
        # Without its numbers, which are others in every session, a product is the same to many shoppers.
        self._details = lru_cache(_REMEMBERED)(self._count_details)
        self._numbers = lru_cache(_REMEMBERED)(lambda category, brand: count(f" c{category} b{brand}"))
        self._high = budget.high_tokens - fixed_tokens - 2 * PAST
        self._low = budget.low_tokens - fixed_tokens - 2 * PAST
        least = -(-(fixed_tokens + 2 * PAST + LEAST) // BLOCK) * BLOCK
        if self._low < LEAST or self._high <= self._low:
            message = f"a prompt of {budget.low_tokens} to {budget.high_tokens} tokens has no room for events"
            remedy = f"set prompt.low_tokens to {least} or more, and prompt.high_tokens higher still"
            raise SettingInvalid(message, remedy)

    def view(self, session: Session, most_lines: int | None = None) -> PromptView:
        """What a prompt shows of the session, at the most so many lines."""
        view = PromptView.of(session, about=self._about)
        first = self._first(view) if self._may_pass(view) else 0
        if most_lines is not None:
            first = max(first, len(view.entries) - most_lines)
        if first:
            view = PromptView.of(session, first, self._about)
        if not (view.profile.sessions or view.dropped):
            return view
        return structs.replace(view, profile=self._trimmed(view.profile), earlier=self._trimmed(view.earlier))

    def _may_pass(self, view: PromptView) -> bool:
        """Whether it is worth going through the lines: all that they tell, and each line as long as it can be."""
        entries = view.entries
        if not entries:
            return False
        largest = entries[-1].number, (view.to_ms - view.from_ms) // MINUTE_MS, len(view.products)
        tokens = len(entries) * sum(len(str(number)) for number in largest)
        tokens += sum([self._actions[entry[3]] if entry[5] == 1 else self._most for entry in entries])
        for texts in (view.queries, view.categories, view.brands):
            tokens += sum(map(self._text, texts))
        return tokens + sum(map(self._product, view.described)) > self._high

    def _first(self, view: PromptView) -> int:
        """The first row to show: the window is gone through as it grew, and cut whenever it had passed the mark."""
        lines = [self._line(entry) for entry in view.entries]
        first = total = 0
        told: set[Hashable] = set()
        for at, entry in enumerate(view.entries):
            total += lines[at] + self._news(view, entry.product, told)
            if total > self._high:
                first = self._cut(view, lines, at)
                told.clear()
                pairs = zip(lines[first : at + 1], view.entries[first : at + 1], strict=True)
                total = sum(line + self._news(view, kept.product, told) for line, kept in pairs)
        return first

    def _cut(self, view: PromptView, lines: Sequence[int], newest: int) -> int:
        """The first row that stays of those up to the newest, which stays if there is room for it at all."""
        total, told = 0, set[Hashable]()
        for at in range(newest, -1, -1):
            total += lines[at] + self._news(view, view.entries[at].product, told)
            if total > (self._high if at == newest else self._low):
                return at + 1
        return 0

    def _line(self, entry: Entry) -> int:
        number, _, minute, action, product, quantity, query = entry
        tokens = self._actions[action] + self._number(number) + self._number(minute)
        if product is not None:
            tokens += self._number(product.number)
        elif query:
            tokens += self._text(query)
        return tokens if quantity == 1 else tokens + self._count(f" x{quantity}")

    def _news(self, view: PromptView, product: Product | None, told: set[Hashable]) -> int:
        """What the names of a product cost that nothing has told yet; from now on they are told."""
        if product is None or id(product) in told:
            return 0
        told.add(id(product))  # one object for as long as nothing about it changes
        tokens = self._product(product)
        names = (("c", product.category, view.categories), ("b", product.brand, view.brands))
        for letter, number, known in names:
            if number and (letter, number) not in told:
                told.add((letter, number))
                tokens += self._text(known[number - 1])
        return tokens

    def _product(self, product: Product) -> int:
        number, title, category, brand, price, currency, about = product
        tokens = self._details(title, price, currency) + self._numbers(category, brand)
        return tokens + self._opening(number) + self._text(about) if about else tokens

    def _count_details(self, title: str, price: float, currency: str) -> int:
        return self._text(title) + self._count(f" {price:.2f} {currency}")

    def others(self, others: Others) -> Others:
        """Those names that fit on their line, the likeliest of each kind first."""
        categories, left = self._names(tuple((name, 0) for name in others.categories), OTHERS - _START)
        brands, _ = self._names(tuple((name, 0) for name in others.brands), left)
        return Others(tuple(name for name, _ in categories), tuple(name for name, _ in brands))

    def _trimmed(self, tally: InterestCounts) -> InterestCounts:
        """The tally without the names that do not fit on its line."""
        categories, left = self._names(tally.categories, PAST - _START)
        brands, _ = self._names(tally.brands, left)
        return tally._replace(categories=categories, brands=brands)

    def _names(self, counts: Counts, left: int) -> tuple[Counts, int]:
        for at, (name, number) in enumerate(counts):
            left -= self._text(name) + self._number(number)
            if left < 0:
                return counts[:at], 0
        return counts, left
