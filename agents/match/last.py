"""Last: the product that a shopper looked at last, as a card."""

from prompts.view import PromptView
from streams.records.cards import Card


def last_card(view: PromptView) -> Card | None:
    """What the window's events told of it; None where the window has no product."""
    product = next((entry.product for entry in reversed(view.entries) if entry.product), None)
    if product is None:
        return None
    return Card(
        category=view.categories[product.category - 1] if product.category else "",
        brand=view.brands[product.brand - 1] if product.brand else "",
        price=product.price or None,
        currency=product.currency,
    )
