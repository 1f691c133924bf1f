"""Ids: what a ranker calls a shopper, as the text that stands in the key. No I/O here."""

from numbers import Integral

Id = str | int | bytes
"""What is taken for an id: text, whole numbers (numpy's too), UTF-8 bytes."""


class InvalidId(ValueError):
    """What was asked for is no shopper's id. The message says why and leaves the id out."""


def id_text(shopper: object) -> str:
    """The id as text; InvalidId for what is neither text, nor a whole number, nor UTF-8, and for empty text."""
    try:
        text = _text(shopper)
        text.encode()  # half a surrogate pair cannot be sent
    except ValueError as error:
        if isinstance(error, InvalidId):
            raise
        raise InvalidId(f"an id of type {type(shopper).__name__} has no UTF-8 form") from error
    if not text:
        raise InvalidId("an id is empty: leave the shopper out")
    return text


def _text(shopper: object) -> str:
    if isinstance(shopper, str):
        return str.__str__(shopper)  # of an enum its value, of numpy's text plain text
    if isinstance(shopper, Integral) and not isinstance(shopper, bool):
        return str(int(shopper))
    if isinstance(shopper, (bytes, bytearray, memoryview)):
        return bytes(shopper).decode()
    raise InvalidId(f"an id is text, a whole number or UTF-8 bytes, not {type(shopper).__name__}")
