"""Native: our own events as JSON lines, one event a line, the shape of streams/events/event.py."""

from collections.abc import Iterable, Iterator

from streams.errors import EventRefused
from streams.events.closely import read_natively
from streams.events.event import ShopperEvent
from streams.events.formats.rows import BadRow


def read(lines: Iterable[bytes]) -> Iterator[ShopperEvent | BadRow]:
    """An event, or the line as it stands, for each line."""
    for line in lines:
        try:
            event = read_natively(line)[0]
        except EventRefused:
            yield BadRow(None, line)
        else:
            if not isinstance(event, str):  # else it is passed over
                yield event
