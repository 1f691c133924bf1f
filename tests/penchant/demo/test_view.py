"""What a demonstration shows in a terminal of 80 columns."""

from io import StringIO

from penchant_reader import ReadIntent
from rich.console import Console

from penchant.demo.examples import Example
from penchant.demo.view import show_examples
from streams.events.event import Item
from streams.sessions.session import Row

AT_MS = 1_795_860_000_000
DOC = b'{"mission":{"label":"gift","text":"Wants [/] kettles"},"stage":"decide"}'


def shown(*rows: Row) -> str:
    """The panel of one shopper."""
    console = Console(file=StringIO(), width=80)
    intent = ReadIntent(shopper="ada", stage="decide", mission="gift", confidence=0.5, source="model", _doc=DOC)
    show_examples(console, [Example("ada", list(rows), intent)])
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def viewed(title: str) -> Row:
    """Somebody looks at something."""
    return Row("e1", AT_MS, "view", Item("p1", title, price=172.99, currency="EUR"), None)


def test_a_price_stays_in_one_piece() -> None:
    """However long the title beside it is."""
    lines = shown(viewed("Wireless Headphones with Microphone and Noise Cancelling, Foldable, Black")).splitlines()
    assert all(len(line) == 80 for line in lines)
    assert sum("172.99 EUR" in line for line in lines) == 1


def test_what_a_shop_writes_is_no_markup() -> None:
    """Not in titles, and not in searches."""
    text = shown(viewed("Kettle [/] [bold]1 l[red]"), Row("e2", AT_MS, "search", None, "[link=x]kettle[/link]"))
    assert "Kettle [/] [bold]1 l[red]" in text
    assert "[link=x]kettle[/link]" in text
