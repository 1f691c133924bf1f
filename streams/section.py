"""Section: what a group of settings is made of, and the kinds of value that it holds.

A part declares the settings that it takes as a section, beside its own code. Name, default, bounds, unit and docstring
of a setting stand there and nowhere else: the settings tree, the example file and the error messages are made of them.
"""

import errno
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast, dataclass_transform

from pydantic import AfterValidator, BeforeValidator, ConfigDict, DirectoryPath, Field, FilePath, SecretStr
from pydantic.dataclasses import dataclass
from pydantic.fields import FieldInfo

CONFIG = ConfigDict(
    extra="forbid",
    validate_default=True,  # a rule between two settings also holds when one of them is left out
    allow_inf_nan=False,
    str_strip_whitespace=True,
    hide_input_in_errors=True,  # a traceback must not show a password
)

Class = TypeVar("Class", bound=type[Any])


@dataclass_transform(frozen_default=True)
def section(cls: Class) -> Class:
    """A class decorator: a frozen, slotted dataclass whose fields are checked when it is made, by ValidationError.

    The docstring under each field is its documentation.
    """
    return cast("Class", dataclass(frozen=True, slots=True, config=CONFIG)(cls))


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


def _short(path: object) -> object:
    """The same. ValueError for what is too long for a path, such as a key in the place of its file's name: pydantic
    lets pass what the system says of it, and that shows all of it."""
    try:
        Path(str(path)).stat()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise ValueError("it is too long for a path") from None
    except ValueError:
        pass  # pydantic says so
    return path


def sendable(text: str) -> str:
    """The text. ValueError for what an HTTP header cannot hold: the error of whoever sends it would show it."""
    wrong = next((at for at, letter in enumerate(text, 1) if not "!" <= letter <= "~"), None)
    if wrong is not None:
        raise ValueError(f"its character {wrong} of {len(text)} is a space, a control character or not ASCII")
    return text


def _sendable(secret: SecretStr) -> SecretStr:
    sendable(secret.get_secret_value())
    return secret


File = Annotated[FilePath, BeforeValidator(_short)]
"""The path of a file that exists."""
Folder = Annotated[DirectoryPath, BeforeValidator(_short)]
"""The path of a folder that exists."""
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
Offsets = Annotated[int, Field(ge=2), unit("offsets")]
Sessions = Annotated[int, Field(ge=1), unit("sessions")]
Products = Annotated[int, Field(ge=1), unit("products")]
Writes = Annotated[int, Field(ge=1), unit("writes")]
Tokens = Annotated[int, Field(ge=1), unit("tokens")]
Blocks = Annotated[int, Field(ge=64, multiple_of=64), unit("tokens, in whole blocks of 64")]
Rows = Annotated[int, Field(ge=1), unit("rows")]
Name = Annotated[str, Field(min_length=1, max_length=200), form("a name of 1 to 200 characters")]
Token = Annotated[SecretStr, AfterValidator(_sendable), form("visible ASCII characters without spaces")]
Words = BeforeValidator(_split)
