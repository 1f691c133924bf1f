"""Columns: what a catalogue's columns are called, as a small TOML file says, and a row as a product."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from prompts.products.campaigns import LONGEST_CAMPAIGN
from streams.errors import SettingInvalid
from streams.events.event import Identifier
from streams.records.products import Campaign, Product

LONGEST_NAME = 120
_DAY = re.compile(r"\d{4}-?\d\d-?\d\d", re.ASCII)
_ID: TypeAdapter[str] = TypeAdapter(Identifier)


class RowRefused(ValueError):
    """A row is no product; the text says why, and names the column."""


class Columns(BaseModel):
    """The name of each column; None for one that the catalogue does not have. `reviews` is one column, or several. A
    category's parts are parted by `category_separator`. `campaign_until` has times as 2026-12-01T08:00, UTC unless they
    say otherwise; a day alone lasts to its end."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = "id"
    title: str = "title"
    description: str | None = None
    reviews: str | tuple[str, ...] = ()
    category: str | None = None
    category_separator: str = "/"
    brand: str | None = None
    price: str | None = None
    currency: str | None = None
    image_url: str | None = None
    campaign: str | None = None
    campaign_until: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All columns that are read."""
        others = (self.description, *self.review_columns, self.category, self.brand, self.price, self.currency,
                  self.image_url, self.campaign, self.campaign_until)  # fmt: skip
        return (self.id, self.title, *(name for name in others if name))

    @property
    def review_columns(self) -> tuple[str, ...]:
        """The columns of reviews."""
        return (self.reviews,) if isinstance(self.reviews, str) else self.reviews

    def product(self, row: Mapping[str, Any]) -> Product:
        """The product of a row. Raises RowRefused."""
        title, description = self._text(row, self.title), self._text(row, self.description)
        reviews = tuple(text for name in self.review_columns for text in _texts(name, row.get(name)))
        if not (title or description or reviews):
            raise RowRefused(f"{self.title}: there is no text")
        path = self._text(row, self.category).split(self.category_separator)
        return Product(
            self.identity(self._text(row, self.id)),
            title,
            description,
            reviews,
            self._short("category", "/".join(part.strip() for part in path if part.strip())),
            self._short("brand", self._text(row, self.brand)),
            self._price(row),
            self._currency(row),
            self._text(row, self.image_url),
            self._campaign(row),
        )

    def identity(self, text: str) -> str:
        """The id that a text is. Raises RowRefused."""
        try:
            return _ID.validate_python(text)
        except ValidationError as exc:
            raise RowRefused(f"{self.id}: an id has 1 to 128 characters, no braces and no control characters") from exc

    def _price(self, row: Mapping[str, Any]) -> float | None:
        said = row.get(self.price) if self.price else None
        if said is None or said == "":
            return None
        try:
            price = float(said)
        except (TypeError, ValueError) as exc:
            raise RowRefused(f"{self.price}: {str(said)[:40]!r} is no number") from exc
        if not isfinite(price) or price < 0:
            raise RowRefused(f"{self.price}: {said} is no price")
        return price or None

    def _currency(self, row: Mapping[str, Any]) -> str:
        said = self._text(row, self.currency)
        if len(said) > 3:
            raise RowRefused(f"{self.currency}: {said[:20]!r} is no code of three letters")
        return said.upper()

    def _campaign(self, row: Mapping[str, Any]) -> Campaign | None:
        name, until = self._text(row, self.campaign), self._text(row, self.campaign_until)
        if not name:
            return None
        if len(name) > LONGEST_CAMPAIGN:
            raise RowRefused(f"{self.campaign}: more than {LONGEST_CAMPAIGN} characters")
        try:
            return Campaign(name, _end_ms(until) if until else None)
        except (ValueError, OverflowError) as exc:
            raise RowRefused(f"{self.campaign_until}: {until[:40]!r} is no time as 2026-12-01T08:00") from exc

    def _short(self, what: str, text: str) -> str:
        if len(text) > LONGEST_NAME:
            raise RowRefused(f"{what}: more than {LONGEST_NAME} characters")
        return text

    def _text(self, row: Mapping[str, Any], name: str | None) -> str:
        said = row.get(name) if name else None
        if said is None:
            return ""
        if isinstance(said, Mapping | list | tuple):
            raise RowRefused(f"{name}: a text is wanted, not a list or an object")
        return str(said).strip()


def columns(path: Path | None) -> Columns:
    """What a file says of the columns; without one they are called as the fields. SettingInvalid names the key."""
    if path is None:
        return Columns(description="description", category="category", brand="brand", price="price")
    try:
        return Columns.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False, include_input=False)[0]
        known = ", ".join(Columns.model_fields)
        raise SettingInvalid(f"{path}: {first['loc'][0]}: {first['msg']}", f"the keys are {known}") from exc
    except (OSError, ValueError) as exc:
        raise SettingInvalid(f"{path} cannot be read: {exc}", 'write lines such as title = "name"') from exc


def check(wanted: Columns, there: Sequence[str], path: Path) -> None:
    """Raise SettingInvalid for a column that a table does not have."""
    if missing := [name for name in wanted.names if name not in there]:
        remedy = f"its columns are {', '.join(there)}; say in --columns what they hold"
        raise SettingInvalid(f"{path} has no column {missing[0]!r}", remedy)


def _end_ms(text: str) -> int:
    """When a campaign ends, in epoch milliseconds. Raises ValueError, OverflowError."""
    if text.isdecimal() and not _DAY.fullmatch(text):
        raise ValueError("an epoch, of whatever unit: some look like a day of an early year")
    at = datetime.fromisoformat(text)
    at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    return int((at + timedelta(days=1) if _DAY.fullmatch(text) else at).timestamp() * 1e3)


def _texts(name: str, said: object) -> list[str]:
    """The reviews of a cell: a text, or a list of them."""
    if said is None or said == "":
        return []
    if isinstance(said, str):
        return [said]
    if isinstance(said, list | tuple) and all(isinstance(each, str) for each in said):
        return [each for each in said if each.strip()]
    raise RowRefused(f"{name}: a text, or a list of texts, is wanted")
