"""Texts: how long a title or a search may be that a session keeps. A prompt shows far less of it."""

from dataclasses import replace
from typing import overload

from streams.events.event import Item

TEXT_BYTES = 400
"""The most UTF-8 bytes of a title or a search."""


@overload
def cut(subject: Item) -> Item: ...
@overload
def cut(subject: str | None) -> str | None: ...
def cut(subject: Item | str | None) -> Item | str | None:
    """The item with its title, or the search, cut to whole characters within TEXT_BYTES."""
    if subject is None:
        return None
    if isinstance(subject, str):
        return _cut(subject) if 4 * len(subject) > TEXT_BYTES else subject
    title = subject.title
    return _titled(subject) if title is not None and 4 * len(title) > TEXT_BYTES else subject


def _titled(item: Item) -> Item:
    title = _cut(item.title or "")
    return item if title == item.title else replace(item, title=title)


def _cut(text: str) -> str:
    data = text.encode()
    return text if len(data) <= TEXT_BYTES else data[:TEXT_BYTES].decode(errors="ignore")
