"""What an inspection looks like in a terminal of 80 columns: words wrap there, and none is cut."""

from io import StringIO

from rich.console import Console, RenderableType

from penchant.operations.inspection.ask import Asked
from penchant.operations.inspection.printout import _figures, bars, events
from penchant.operations.inspection.why import MEANINGS, Part
from streams.events.event import Item, ShopperEvent
from streams.sessions.session import Session, SessionRules, fold

AT_MS = 1_795_860_000_000
CUT = "\N{HORIZONTAL ELLIPSIS}"


def shown(what: RenderableType) -> str:
    console = Console(file=StringIO(), width=80)
    console.print(what)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_no_bar_is_cut() -> None:
    """Not even of the longest part."""
    text = shown(bars([Part(name, 54_321.0 * (name == "backlog")) for name in MEANINGS]))
    assert CUT not in text
    assert "54.3 s" in text
    assert text.count("\n") == len(MEANINGS) + 1, "a line each, but for what clocks have to do with reading"


def test_no_cell_of_a_session_is_cut() -> None:
    """Times, long ids and categories are whole."""
    session = Session()
    item = Item("sku-0123456789-0123456789", category="home/kitchen/small-appliances/kettles", price=12_345.99)
    event = ShopperEvent(event_id="e", shopper_id="ada", action="cart_remove", time_ms=AT_MS, items=(item,))
    fold(session, event, 1, AT_MS, SessionRules())
    text = shown(events(session))
    assert CUT not in text
    assert "12346" in text


def test_what_a_server_tells_of_a_call_is_shown() -> None:
    """Cached tokens, and of a router what it found and who waited; of one that tells nothing, nothing."""
    told = Asked("dynamo:8000", "m", "{}", cached_tokens=1_200, kv_hit_rate=0.75, router_queue=3)
    assert "1,200 tokens" in _figures(told)
    assert "75% of its blocks, 3 calls waited" in _figures(told)
    assert _figures(Asked("gpu", "m", "{}")) == ""
