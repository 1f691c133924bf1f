"""Window: what a shopper's lines say of categories, brands and prices, oldest first."""

from typing import NamedTuple

from prompts.view import Entry, Product, PromptView


class Line(NamedTuple):
    """A line about a product; the empty string stands for what is not known of it."""

    entry: Entry
    product: Product
    category: str
    brand: str


class Window:
    """The lines of a view that are about products, the names in them, and what was looked at last."""

    def __init__(self, view: PromptView) -> None:
        self.view = view
        self.lines = [
            Line(
                entry,
                entry.product,
                view.categories[entry.product.category - 1] if entry.product.category else "",
                view.brands[entry.product.brand - 1] if entry.product.brand else "",
            )
            for entry in view.entries
            if entry.product
        ]
        self.line_categories = [line.category for line in self.lines]
        self.categories = [name for name in self.line_categories if name]
        self.brands = [line.brand for line in self.lines]
        self.priced = [line.product for line in self.lines if line.product.price]
        self.category = self.categories[-1] if self.categories else ""
        self.brand = next(filter(None, reversed(self.brands)), "")
