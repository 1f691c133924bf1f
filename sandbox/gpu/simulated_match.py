"""The simulated model's choice among the products of a match: the more of the shopper's words a product has, the
likelier. It is no language model."""

import math
import re

BEGIN = "You choose, for one shopper of an online shop"

_PRODUCT = re.compile(r"^([A-T]) (.*)$")
_WORD = re.compile(r"[^\W_]+")


def answer(prompt: str) -> str:
    """The code of the likeliest product."""
    return next(iter(log_probabilities(prompt)), "")


def log_probabilities(prompt: str) -> dict[str, float]:
    """Of each product's code, the likeliest first; empty for a prompt that offers none."""
    shopper, _, products = prompt.rpartition("\nShopper\n")[2].partition("\nProducts\n")
    wanted = set(_WORD.findall(shopper.casefold()))
    lines = [match for line in products.split("\n") if (match := _PRODUCT.match(line))]
    shared = {match[1]: len(wanted & set(_WORD.findall(match[2].casefold()))) for match in lines}
    total = math.log(sum(map(math.exp, shared.values()))) if shared else 0.0
    ordered = sorted(shared, key=lambda code: (-shared[code], code))
    return {code: round(shared[code] - total, 4) for code in ordered}
