"""What trees are told of a window."""

from dataclasses import replace

from prompts.learned.features import of_price
from prompts.learned.window import Window
from prompts.view import PromptView
from tests.prompts.shoppers import KETTLE, OTHER_KETTLE, THIRD_KETTLE, shopper


def test_prices_of_another_currency_say_nothing() -> None:
    """12,000 yen between two prices in euros are no price of 12,000 euros."""
    yen = replace(OTHER_KETTLE, id="sku-9", price=12_000.0, currency="JPY")
    mixed = Window(PromptView.of(shopper(("view", THIRD_KETTLE), ("view", yen), ("view", KETTLE))))
    alone = Window(PromptView.of(shopper(("view", THIRD_KETTLE), ("view", KETTLE))))
    count = 1 + 1 + 5 + 3
    assert of_price(mixed, [], 0.5)[:count] == of_price(alone, [], 0.5)[:count]
