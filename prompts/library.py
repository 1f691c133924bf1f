"""Library: the prompt templates that may be asked with, by name, and the vocabulary that fills them in.

Templates and vocabulary are checked when the library is made, so that a mistake in one stops the start and no call.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from functools import cached_property, lru_cache
from hashlib import sha256
from importlib import resources
from string import Template
from types import MappingProxyType

from pydantic import ValidationError

from prompts.answer import OTHER, Answer
from prompts.vocabulary import DEFAULT_VOCABULARY, FILE, Vocabulary, packaged_text, parse_vocabulary
from streams.errors import SettingInvalid

EXAMPLE = "research"
"""The mission of the packaged examples, where the vocabulary has it."""

LARGEST = 65_536
"""The most characters of a template: beyond it is no instruction but a mistake."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
_HEAD, _TAIL = "\nShopper\n$profile\n$events\n", "Answer:"
_ANSWER, _MISSIONS, _ABOUT, _OTHERS = "Answer: ", "\nMissions: $missions\n", '\np1: "', "\nOthers: "
_STAGES = "\nStages: "
_DIGITS = 12
_RULES = "docs/prompts.md says what a template holds"


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """A template with the vocabulary filled in: `prefix` stands before a shopper's lines. `version` is what intents
    name: the name, and for what is not packaged a digest of template and vocabulary behind it. `examples` are its
    examples' answers. `describes`: it says how lines on products read. `offers`: it says what other shoppers went on
    to. `foresees`: it asks for stage, price and next action as well."""

    name: str
    version: str
    prefix: str
    examples: tuple[Answer, ...]
    describes: bool
    offers: bool
    foresees: bool


class PromptLibrary:
    """The packaged templates and those of a shop: `texts` by name. `vocabulary_text` is its vocabulary.toml, None for
    the packaged one; `missions` are the labels to offer, all of the vocabulary's when empty.

    Raises SettingInvalid for the first text that is no template or no vocabulary.
    """

    def __init__(
        self,
        texts: Mapping[str, str] | None = None,
        vocabulary_text: str | None = None,
        missions: Sequence[str] = (),
    ) -> None:
        known = DEFAULT_VOCABULARY if vocabulary_text is None else parse_vocabulary(vocabulary_text)
        self.vocabulary = known.offering(missions) if missions else known
        self._vocabulary_text = vocabulary_text
        self._own = {name: _named(name, text) for name, text in (texts or {}).items()}
        for name in self.names:
            template = self.template(name)
            if name in self._own:
                _check_examples(template, self.vocabulary)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all templates, the packaged ones first."""
        return (*packaged_templates(), *sorted(self._own))

    def text(self, name: str) -> str:
        """The template as it is in its file. SettingInvalid when there is none of the name."""
        if name in self._own:
            return self._own[name]
        if name not in packaged_templates():
            message = f"there is no prompt version {name!r}"
            raise SettingInvalid(message, f"choose one of: {', '.join(self.names)}")
        return packaged_templates()[name]

    def template(self, name: str) -> PromptTemplate:
        """The template of a name, filled in. SettingInvalid when there is none."""
        text = self.text(name)
        prefix = _filled(name, text, self.vocabulary)
        says = (part in text for part in (_ABOUT, _OTHERS, _STAGES))
        return PromptTemplate(name, self._version(name, text), prefix, _examples(name, prefix), *says)

    def named(self, version: str) -> str | None:
        """The name of the template that an intent's prompt version stands for, if it is still here."""
        return self._versions.get(version)

    def diff(self, before: str, after: str) -> str:
        """How one template differs from another, line by line, with the vocabulary filled in; empty where they are the
        same. SettingInvalid when there is none of a name."""
        one, other = self.template(before), self.template(after)
        lines = one.prefix.splitlines(), other.prefix.splitlines()
        return "\n".join(unified_diff(*lines, one.version, other.version, lineterm=""))

    @cached_property
    def _versions(self) -> dict[str, str]:
        return {self.template(name).version: name for name in self.names}

    def _version(self, name: str, text: str) -> str:
        if name not in self._own and self._vocabulary_text is None:
            return name
        whole = f"{text}\0{packaged_text() if self._vocabulary_text is None else self._vocabulary_text}"
        return f"{name}@{sha256(whole.encode()).hexdigest()[:_DIGITS]}"


@lru_cache
def packaged_templates() -> Mapping[str, str]:
    """The packaged templates by name, in order."""
    files = (resources.files("prompts") / "templates").iterdir()
    texts = {file.name.removesuffix(".txt"): file for file in files if file.name.endswith(".txt")}
    return MappingProxyType({name: texts[name].read_text(encoding="utf-8") for name in sorted(texts)})


def _named(name: str, text: str) -> str:
    if not _NAME.fullmatch(name):
        message = f"{name}.txt is no name of a template"
        raise SettingInvalid(message, "write up to 60 small letters, digits, dots, dashes and underscores")
    if name in packaged_templates():
        raise SettingInvalid(f"{name}.txt has the name of a packaged template", "choose another name")
    return text


def _filled(name: str, text: str, vocabulary: Vocabulary) -> str:
    """The template up to a shopper's lines. What the reader of prompts and the renderer need is asked for here."""
    body = text.rstrip("\n")
    if len(text) > LARGEST:
        raise SettingInvalid(f"{name}.txt has more than {LARGEST:,} characters", _RULES)
    if not body.endswith(_HEAD + _TAIL) or "\r" in text:
        wanted = "Shopper, $profile, $events, Answer:"
        raise SettingInvalid(f"{name}.txt must end with the lines {wanted}", _RULES)
    head = body.removesuffix(_TAIL).removesuffix("$profile\n$events\n")
    if head.count(_MISSIONS) != 1:
        raise SettingInvalid(f"{name}.txt must have one line `Missions: $missions`", _RULES)
    words = {
        "missions": ", ".join(dict.fromkeys((*vocabulary.labels, OTHER))),
        "attributes": ", ".join(_attribute(name, values) for name, values in vocabulary.attributes.items()),
        "signals": ", ".join(vocabulary.signals),
        "example": EXAMPLE if EXAMPLE in vocabulary.missions else OTHER,
    }
    labels = {label: label if label in vocabulary.missions else OTHER for label in DEFAULT_VOCABULARY.labels}
    try:
        return Template(head).substitute(labels, **words)
    except (KeyError, ValueError) as error:
        message = f"{name}.txt has a placeholder that is none: {error}"
        raise SettingInvalid(
            message, f"there are ${', $'.join(words)} and the packaged missions; write $$ for a dollar"
        ) from error


def _attribute(name: str, values: Sequence[str]) -> str:
    return f"{name} ({', '.join(values)})" if values else name


def _examples(name: str, prefix: str) -> tuple[Answer, ...]:
    answers = [line.removeprefix(_ANSWER) for line in prefix.split("\n") if line.startswith(_ANSWER)]
    try:
        return tuple(map(Answer.model_validate_json, answers))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        message = f"{name}.txt has an example whose answer is none: {first['msg']}"
        raise SettingInvalid(message, _RULES) from error


def _check_examples(template: PromptTemplate, vocabulary: Vocabulary) -> None:
    """A model follows its examples: they may say nothing that grounding takes out of every answer."""
    for answer in template.examples:
        said = {answer.mission, *answer.attributes, *answer.signals}
        if unknown := sorted(said - {OTHER, *vocabulary.missions, *vocabulary.attributes, *vocabulary.signals}):
            message = f"{template.name}.txt has an example that says {unknown[0]!r}, which the vocabulary has not"
            raise SettingInvalid(message, f"add it to {FILE}, or change the example")


DEFAULT_PROMPTS = PromptLibrary()
"""The packaged templates with the packaged vocabulary."""
