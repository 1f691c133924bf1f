"""Proposal file: what is proposed for a vocabulary, as TOML that a person edits, and merged once accepted. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Array

from prompts.products.proposing import Candidate, Proposal, of_a_person
from prompts.vocabulary import FILE, MOST_VALUES, Value, Vocabulary, parse_vocabulary
from streams.errors import SettingInvalid

REMEDY = "correct the file, or propose again"
_HEAD = """\
# Proposed from {products:,} products. Nothing of it is in force.
# Delete what you do not want, and give each value that you keep an attribute; without one it is left out.
# Then: penchant products propose --accept FILE
"""
_OPEN = """\
# These take any word now: {names}.
# Values close an attribute: from then on it takes its values alone. Name here which may be closed.
"""
_NAMES = """
# Texts give values to these names, which are no attributes of vocabulary.toml. Write there which are to be some,
# such as fit = [], and propose again.
"""


class ProposedValue(BaseModel):
    """A value for an attribute; an empty attribute is none yet. The rest is for people."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    attribute: Annotated[str, Field(max_length=24)]
    value: Value
    products: int = 0
    quotes: tuple[str, ...] = ()


class Accepted(BaseModel):
    """What a person left of a proposal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    close: tuple[str, ...] = ()
    values: tuple[ProposedValue, ...] = ()
    names: tuple[Mapping[str, object], ...] = ()

    @property
    def by_attribute(self) -> Mapping[str, tuple[str, ...]]:
        """Each value once, in order, under its attribute."""
        found: dict[str, dict[str, None]] = defaultdict(dict)
        for each in self.values:
            if each.attribute:
                found[each.attribute][each.value] = None
        return {name: tuple(values) for name, values in found.items()}


def proposal_text(found: Proposal, vocabulary: Vocabulary) -> str:
    """The file of a proposal for this vocabulary."""
    takes_all = [name for name, values in vocabulary.attributes.items() if not values]
    lines = [_HEAD.format(products=found.products), f"version = {vocabulary.version} # of the vocabulary", ""]
    if takes_all:
        lines.append(_OPEN.format(names=", ".join(takes_all)) + "close = []")
    lines += [_entry("values", each, {"attribute": each.attribute, "value": each.value}) for each in found.values]
    if found.names:
        lines += [_NAMES, *(_entry("names", each, {"name": each.attribute}) for each in found.names)]
    return "\n".join(lines) + "\n"


def accepted(text: str) -> Accepted:
    """What an edited file says. Raises SettingInvalid, with the key."""
    try:
        return Accepted.model_validate(tomlkit.parse(text).unwrap())
    except TOMLKitError as error:
        raise SettingInvalid(f"the proposal is not TOML: {error}", REMEDY) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise SettingInvalid(f"the proposal: {where}: {first['msg']}", REMEDY) from error


def merged(vocabulary_text: str, wanted: Accepted) -> str:
    """The vocabulary's text with the accepted values, and its version raised; all else stays as it was written. Raises
    SettingInvalid for what may not stand there."""
    vocabulary = parse_vocabulary(vocabulary_text)
    if wanted.version != vocabulary.version:
        message = f"the proposal is for version {wanted.version} of {FILE}, and version {vocabulary.version} is there"
        raise SettingInvalid(message, "propose again")
    if not wanted.by_attribute:
        raise SettingInvalid("no value of the proposal has an attribute", 'write one, such as attribute = "color"')
    document = tomlkit.parse(vocabulary_text)
    for name, values in wanted.by_attribute.items():
        _check(vocabulary, name, values, wanted.close)
        document["attributes"][name] = _array([*vocabulary.attributes[name], *values])
    document["version"] = vocabulary.version + 1
    text = tomlkit.dumps(document)
    parse_vocabulary(text)
    return text


def _check(vocabulary: Vocabulary, name: str, values: Sequence[str], close: Sequence[str]) -> None:
    """Whether an attribute may take the values. Raises SettingInvalid."""
    if name not in vocabulary.attributes:
        raise SettingInvalid(f"{FILE} has no attribute {name!r}", f"write {name} = [] under [attributes] there first")
    if traits := [value for value in values if of_a_person(name, value)]:
        raise SettingInvalid(f"{name}: {traits[0]!r} tells of a person", "delete it: a product has no such property")
    there = vocabulary.attributes[name]
    if not there and name not in close:
        message = f"{name} takes any word now, and these values would be its only ones"
        raise SettingInvalid(message, f'write close = ["{name}"] if that is meant, or delete them')
    if (many := len({*there, *values})) > MOST_VALUES:
        raise SettingInvalid(f"{name} would have {many} values", f"leave {MOST_VALUES} at most")


def _array(values: Sequence[str]) -> Array:
    found = tomlkit.array()
    found.extend(dict.fromkeys(values))
    return found


def _entry(table: str, each: Candidate, keys: Mapping[str, str]) -> str:
    entry = tomlkit.table()
    entry.update({**keys, "products": each.products, "quotes": list(each.quotes)})
    return f"\n[[{table}]]\n{tomlkit.dumps(entry)}".rstrip("\n")
