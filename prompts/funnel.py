"""The funnel: how far a shopper is, what probably comes next, and what not to show again."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from msgspec import structs

from prompts.view import Entry, PromptView
from streams.records.intents import Avoid, AvoidReason, NextAction, Stage

NEXT: dict[Stage, NextAction] = {
    "explore": NextAction(view=0.62, search=0.10, cart=0.03, purchase=0.02, leave=0.23),
    "compare": NextAction(view=0.75, search=0.08, cart=0.04, purchase=0.01, leave=0.12),
    "decide": NextAction(view=0.68, search=0.05, cart=0.10, purchase=0.04, leave=0.13),
    "cart": NextAction(view=0.40, search=0.04, cart=0.18, purchase=0.26, leave=0.12),
    "purchase": NextAction(view=0.40, search=0.05, cart=0.03, purchase=0.02, leave=0.50),
}
"""What comes next at each stage, before the shopper's own habits are known. Judgement, in the order and roughly the
size that a sample of REES46's multi-category store shows for views, carts and purchases (2019-10-01; no searches)."""

JUDGED: tuple[Stage, ...] = ("explore", "compare", "decide")
"""The stages that are a judgement, in their order. A cart and a purchase are in the log."""

AVOIDED = 8
SEEN_OFTEN = 2
"""Lists that showed an item in vain before it is avoided: once may be chance."""

_LOOKS = frozenset({"view", "click"})
NEXT_OF = {"view": "view", "click": "view", "search": "search", "cart_add": "cart", "purchase": "purchase"}
"""The next action that an event is."""

_USUAL = {at: structs.asdict(usual) for at, usual in NEXT.items()}
_HABIT = 20  # own actions that weigh as much as what is usual
_LONGEST_ID = 120
_SETTLED = 3  # looks at one product that show a favourite
_AFTERGLOW = 2  # looks after a purchase that do not yet start something new


def stage(view: PromptView) -> Stage:
    """How far the shopper is with what was looked at last."""
    acts = [entry for entry in view.entries if entry.action != "list_view"]
    if _just_bought(acts):
        return "purchase"
    if _cart(acts) or (acts and acts[-1].action in {"checkout", "cart_view"}):
        return "cart"
    looks = [entry.product for entry in acts if entry.product and entry.action in _LOOKS]
    if not looks:
        return "explore"
    last = looks[-1]
    alike = [product.number for product in looks if product.category == last.category]
    wished = any(entry.action == "wishlist_add" for entry in acts[-_SETTLED:])
    if wished or alike.count(last.number) >= _SETTLED or _returns([product.number for product in looks]):
        return "decide"
    return "compare" if len(set(alike)) > 1 else "explore"


def next_action(view: PromptView, at: Stage) -> NextAction:
    """Probabilities of what comes next: what is usual at this stage, shifted by what this shopper does."""
    own = [NEXT_OF[entry.action] for entry in view.entries if entry.action in NEXT_OF]
    usual, acts = _USUAL[at], len(own)
    stays, trust = 1 - usual["leave"], acts / (acts + _HABIT)
    mixed = {
        name: round((1 - trust) * share + trust * stays * own.count(name) / max(acts, 1), 3)
        for name, share in usual.items()
    }
    return NextAction(**{**mixed, "leave": usual["leave"]})


def avoid(view: PromptView) -> tuple[Avoid, ...]:
    """Items taken out of the cart, sent back, or shown in lists again and again in vain; surest reason first."""
    reasons: dict[int, AvoidReason] = {}
    shown: Counter[int] = Counter()
    for entry in view.entries:
        if entry.product is None:
            continue
        number = entry.product.number
        if entry.action == "list_view":
            shown[number] += 1
        elif entry.action in {"cart_remove", "refund"}:
            reasons[number] = "removed" if entry.action == "cart_remove" else "returned"
        elif entry.action in {"cart_add", "purchase", "wishlist_add"}:
            reasons.pop(number, None)
    touched = {entry.product.number for entry in view.entries if entry.product and entry.action != "list_view"}
    for number, times in shown.most_common():
        if times >= SEEN_OFTEN and number not in touched:
            reasons.setdefault(number, "seen-not-clicked")
    named = ((view.products[number - 1], reason) for number, reason in reasons.items())
    kept = [Avoid(kind="item", value=item, reason=reason) for item, reason in named if len(item) <= _LONGEST_ID]
    return tuple(kept[:AVOIDED])


def _just_bought(acts: Sequence[Entry]) -> bool:
    for looks, entry in enumerate(reversed(acts)):
        if entry.action == "purchase":
            return looks <= _AFTERGLOW
        if entry.action not in _LOOKS:
            return False
    return False


def _cart(acts: Sequence[Entry]) -> set[int]:
    """Numbers of the products in the cart; an order without products empties it."""
    cart: set[int] = set()
    for entry in acts:
        if entry.action == "purchase" and entry.product is None:
            cart.clear()
        elif entry.product and entry.action == "cart_add":
            cart.add(entry.product.number)
        elif entry.product and entry.action in {"cart_remove", "purchase"}:
            cart.discard(entry.product.number)
    return cart


def _returns(looks: Sequence[int]) -> bool:
    """Whether the last look goes back to a product after another one."""
    steps = [number for number, following in pairwise([*looks, 0]) if number != following]
    return steps[-1] in steps[:-1]
