"""Value: what purchases come to adds up, whatever the prices are."""

from hypothesis import given
from hypothesis import strategies as st

from agents.experiments.value import LiftRules, value_added, worth
from streams.events.event import Item, ShopperEvent
from streams.sessions.session import Session, SessionRules, fold

RULES = LiftRules("EUR", 500.0)
PRICES = st.one_of(st.none(), st.floats(0, 300), st.floats(0, 1e308))
ORDERS = st.lists(st.lists(st.builds(Item, st.just("sku"), price=PRICES, quantity=st.integers(0, 9)), max_size=3))


def test_a_price_in_another_currency_is_left_out() -> None:
    """One that names none is the shop's; case is none of the shopper's business."""
    items = [
        Item("a", price=10.0, quantity=3), Item("b", price=5.0, currency="eur"), Item("c", price=7.0, currency="USD"),
        Item("d"), Item("e", price=2.0, currency=""),
    ]  # fmt: skip
    assert worth(items, "EUR") == 37.0


@given(ORDERS)
def test_what_is_added_is_the_sessions_value(orders: list[list[Item]]) -> None:
    """Orders one by one come to what they are worth together, up to the most, and the squares are never too few."""
    session, value, squares = Session(), 0, 0
    for number, items in enumerate(orders[:5]):
        event = ShopperEvent(f"e{number}", "ada", "purchase", number, items=tuple(items))
        fold(session, event, number, number, SessionRules())
        added = value_added(session, event, RULES)
        value, squares = value + added["value"], squares + added["value_squares"]
    total = min(sum(worth(items, "EUR") for items in orders[:5]), 500.0)
    assert abs(value / 100 - total) <= 0.01
    assert total * total - 1e-6 <= squares <= total * total + 1.001


def test_without_a_currency_nothing_is_counted() -> None:
    """And nothing of what is no purchase."""
    bought = ShopperEvent("e", "ada", "purchase", 0, items=(Item("a", price=1.0),))
    assert value_added(Session(), bought, LiftRules()) == {}
    assert value_added(Session(), ShopperEvent("e", "ada", "refund", 0, items=bought.items), RULES) == {}
