"""Section: what all groups of settings have in common, and the kinds of value that they hold."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.fields import FieldInfo


class Section(BaseModel):
    """A group of settings, one table of the file. Frozen; a name that it does not have is an error.

    The docstring under each field is its only documentation: the example file, the error messages
    and `penchant settings` are made from it.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,  # a rule between two settings also holds when one of them is left out
        allow_inf_nan=False,
        str_strip_whitespace=True,
        use_attribute_docstrings=True,
    )


def unit(name: str) -> FieldInfo:
    """What a number counts, or its unit of measure, for the example file and the error messages."""
    field: FieldInfo = Field(json_schema_extra={"unit": name})
    return field


def form(words: str) -> FieldInfo:
    """What a text has to look like, in words."""
    field: FieldInfo = Field(json_schema_extra={"form": words})
    return field


def _split(value: object) -> object:
    """Environment variables hold lists as words between commas."""
    if isinstance(value, str):
        return tuple(word.strip() for word in value.split(",") if word.strip())
    return value


Seconds = Annotated[float, Field(gt=0), unit("seconds")]
SecondsOrZero = Annotated[float, Field(ge=0), unit("seconds")]
Milliseconds = Annotated[float, Field(ge=0), unit("milliseconds")]
Share = Annotated[float, Field(gt=0, le=1), unit("share of one")]
Bytes = Annotated[int, Field(ge=1_048_576), unit("bytes")]
Port = Annotated[int, Field(ge=0, le=65_535), unit("TCP port")]
Serial = Annotated[int, Field(ge=0), unit("serial number")]
Events = Annotated[int, Field(ge=1), unit("events")]
Calls = Annotated[int, Field(ge=1), unit("calls")]
Records = Annotated[int, Field(ge=1), unit("records")]
RecordsOrNone = Annotated[int, Field(ge=0), unit("records")]
Offsets = Annotated[int, Field(ge=100), unit("offsets")]
Sessions = Annotated[int, Field(ge=1), unit("sessions")]
Products = Annotated[int, Field(ge=1), unit("products")]
Writes = Annotated[int, Field(ge=1), unit("writes")]
Tokens = Annotated[int, Field(ge=1), unit("tokens")]
Blocks = Annotated[int, Field(ge=64, multiple_of=64), unit("tokens, in whole blocks of 64")]
Rows = Annotated[int, Field(ge=1), unit("rows")]
Name = Annotated[str, Field(min_length=1, max_length=200), form("a name of 1 to 200 characters")]
Words = BeforeValidator(_split)
