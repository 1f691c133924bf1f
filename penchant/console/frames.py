"""Frames: the blocks of a page as HTML, and which of them changed since a browser last heard.

A page's template is one file. Each of its blocks is a part of the page that changes by itself: the page is rendered
whole once, and then only the blocks that became different are sent.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, Template, select_autoescape

BOOT = secrets.token_hex(4)
"""Tells the ids of this process from those of the one before it."""


def environment() -> Environment:
    """The templates, with everything escaped."""
    loader = PackageLoader("penchant.console", "templates")
    return Environment(loader=loader, autoescape=select_autoescape(default=True), trim_blocks=True, lstrip_blocks=True)


class Frame(NamedTuple):
    """A block's HTML, and the look at which it became so."""

    html: str
    serial: int


class Frames:
    """The blocks of one page. Several browsers may share it: a block is rendered once for a look."""

    def __init__(self, template: Template, blocks: Sequence[str]) -> None:
        self._template, self._blocks = template, tuple(blocks)
        self._frames: dict[str, Frame] = {}
        self._serial = -1

    def update(self, serial: int, values: Mapping[str, Any]) -> None:
        """Take in a look; again is nothing."""
        if serial == self._serial:
            return
        self._serial = serial
        context = self._template.new_context(dict(values))
        for block in self._blocks:
            html = "".join(self._template.blocks[block](context))
            if block not in self._frames or self._frames[block].html != html:
                self._frames[block] = Frame(html, serial)

    def since(self, serial: int) -> Iterator[tuple[str, str]]:
        """Name and HTML of the blocks that became different after that look; -1 is all of them."""
        return ((name, frame.html) for name, frame in self._frames.items() if frame.serial > serial)


def event(name: str, data: str, event_id: str = "") -> bytes:
    """One server-sent event."""
    lines = [f"event: {name}", *(f"data: {line}" for line in data.splitlines() or [""])]
    if event_id:
        lines.append(f"id: {event_id}")
    return ("\n".join(lines) + "\n\n").encode()


def heard_before(last_event_id: str | None) -> int:
    """The look that a browser heard of last; -1 when that was none of this process."""
    boot, _, serial = (last_event_id or "").partition("-")
    return int(serial) if boot == BOOT and serial.isdecimal() and len(serial) < 16 else -1
