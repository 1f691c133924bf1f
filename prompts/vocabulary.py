"""Vocabulary: a shop's missions, attributes and signals, with the words that tell them, as vocabulary.toml has them.

Rules, prompts, schema and grounding all take the same one, so that none of them knows a name that another does not.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import resources
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from streams.errors import SettingInvalid

FILE = "vocabulary.toml"

MOST_VALUES = 100
"""Of an attribute."""

Shape = Literal["restock", "complete-a-set", "just-looking", "research"]
"""What a window must look like for a mission that no word tells: several products put in the cart with hardly a look,
another kind from the part of the shop where a product was taken, products without a focus, one kind compared."""

_WORD = re.compile(r"[^\W_]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*")


def _of_all_languages(value: object) -> object:
    """The words of a table such as `{ en = ["gift"], de = ["geschenk"] }`, in one set."""
    if not isinstance(value, Mapping):
        raise ValueError('write words by language, such as { en = ["gift"] }')  # noqa: TRY004 # pydantic takes no other
    if wrong := [name for name in value if not _LANGUAGE.fullmatch(str(name))]:
        raise ValueError(f"{wrong[0]!r} is no language: write en, de or pt-BR")
    lists = list(value.values())
    if not all(isinstance(words, list) and all(isinstance(word, str) for word in words) for words in lists):
        raise ValueError('write a list of words for each language, such as en = ["gift"]')
    words = [word.casefold() for words in lists for word in words]
    if wrong := [word for word in words if not _WORD.fullmatch(word)]:
        raise ValueError(f"{wrong[0]!r} is not one word: leave out spaces and signs")
    return frozenset(words)


Words = Annotated[frozenset[str], BeforeValidator(_of_all_languages)]
Label = Annotated[str, Field(min_length=1, max_length=60, pattern=r'^[^,"\n]+$')]
Name = Annotated[str, Field(max_length=24, pattern=r"^\p{Ll}[\p{Ll}0-9_-]*$")]
Value = Annotated[str, StringConstraints(min_length=1, max_length=24, pattern=r'^[^,"()\n]+$', to_lower=True)]
Values = Annotated[tuple[Value, ...], Field(max_length=MOST_VALUES)]


class _Table(BaseModel):
    """A frozen part of a vocabulary; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MissionSigns(_Table):
    """What tells a mission: one of its words, in a search or in the category that leads, or else the window's shape.
    With neither, all words of its own label."""

    words: Words = frozenset()
    shape: Shape | None = None


class SignalWords(_Table):
    """The words that tell a signal."""

    words: Words = frozenset()


class Vocabulary(_Table):
    """What a shop's intents may speak of. `attributes` has the values that each may have, none for any word of a title
    or a search; `free` are words that a mission text may always use, because they name nothing. `version` is the
    shop's own count; accepting a proposal raises it."""

    version: Annotated[int, Field(ge=1)] = 1
    missions: Annotated[dict[Label, MissionSigns], Field(max_length=100)]
    attributes: Annotated[dict[Name, Values], Field(max_length=32)] = {}
    signals: Annotated[dict[Name, SignalWords], Field(max_length=16)] = {}
    free: Words = frozenset()

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The missions' labels, in order."""
        return tuple(self.missions)

    @cached_property
    def spoken(self) -> frozenset[str]:
        """Words that a mission text may use though the window has them not: the free ones, and the missions' own."""
        return self.free.union(*(signs.words for signs in self.missions.values()))

    @cached_property
    def told_by(self) -> Mapping[str, int]:
        """By word the first mission that it tells, as a number in their order."""
        numbered = [(word, number) for number, signs in enumerate(self.missions.values()) for word in signs.words]
        return dict(reversed(numbered))

    @cached_property
    def by_label(self) -> Mapping[str, frozenset[str]]:
        """The words of the labels of those missions that nothing else tells."""
        alone = [name for name, signs in self.missions.items() if not signs.words and signs.shape is None]
        return {name: words for name in alone if (words := frozenset(_WORD.findall(name.casefold())))}

    @cached_property
    def by_shape(self) -> Mapping[str, Shape]:
        """The shapes of those that one tells."""
        return {name: signs.shape for name, signs in self.missions.items() if signs.shape is not None}

    def offering(self, labels: Sequence[str]) -> "Vocabulary":
        """With these missions in this order. A label that the vocabulary does not know is told by its own words."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}  # a copy would keep what is worked out
        missions = {each: self.missions.get(each, MissionSigns()) for each in labels}
        return type(self).model_construct(**fields | {"missions": missions})


def parse_vocabulary(text: str, file: str = FILE) -> Vocabulary:
    """The vocabulary that a file holds; SettingInvalid, with the key, when it holds none."""
    try:
        return Vocabulary.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingInvalid(f"{file} is not TOML: {error}", "correct it there") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        message = f"{file}: {where}: {first['msg'].removeprefix('Value error, ')}"
        raise SettingInvalid(message, "docs/prompts.md says what a vocabulary holds") from error


def packaged_text() -> str:
    """The vocabulary file that is packaged, which a shop may copy."""
    return (resources.files("prompts") / "templates" / FILE).read_text(encoding="utf-8")


DEFAULT_VOCABULARY = parse_vocabulary(packaged_text())
"""That of a shop that has none of its own."""
