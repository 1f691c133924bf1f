"""The funnel: how far a shopper is, what probably comes next, and what not to show again."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from msgspec import structs

from prompts.view import Product, PromptView
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

_TELL_APART = frozenset({"list_view", "cart_remove", "refund"})
"""The actions by which an item is avoided."""

_USUAL = {at: structs.asdict(usual) for at, usual in NEXT.items()}
_REMEMBERED = 8_192
_HABIT = 20  # own actions that weigh as much as what is usual
_LONGEST_ID = 120
_SETTLED = 3  # looks at one product that show a favourite
_AFTERGLOW = 2  # looks after a purchase that do not yet start something new


Act = tuple[str, Product | None]
"""What the shopper did, and to which product."""


def stage(view: PromptView) -> Stage:
    """How far the shopper is with what was looked at last."""
    acts = [act for act in zip(view.actions, view.subjects, strict=True) if act[0] != "list_view"]
    if "purchase" in view.actions and _just_bought(acts):
        return "purchase"
    if (acts and acts[-1][0] in {"checkout", "cart_view"}) or ("cart_add" in view.actions and _cart(acts)):
        return "cart"
    looks = [product for action, product in acts if product and action in _LOOKS]
    if not looks:
        return "explore"
    last, category = looks[-1].number, looks[-1].category
    alike = [product.number for product in looks if product.category == category]
    wished = "wishlist_add" in view.actions and any(action == "wishlist_add" for action, _ in acts[-_SETTLED:])
    if wished or alike.count(last) >= _SETTLED or _returns([product.number for product in looks]):
        return "decide"
    return "explore" if alike.count(last) == len(alike) else "compare"


def next_action(view: PromptView, at: Stage) -> NextAction:
    """Probabilities of what comes next: what is usual at this stage, shifted by what this shopper does."""
    own = [NEXT_OF[action] for action in view.actions if action in NEXT_OF]
    return _shifted(at, len(own), tuple([own.count(name) for name in _USUAL[at]]))


@lru_cache(_REMEMBERED)
def _shifted(at: Stage, acts: int, own: tuple[int, ...]) -> NextAction:
    """By so many actions of the shopper's own, in the order of what is usual; windows are short, and many alike."""
    usual = _USUAL[at]
    stays, trust = 1 - usual["leave"], acts / (acts + _HABIT)
    mixed = {
        name: round((1 - trust) * share + trust * stays * many / max(acts, 1), 3)
        for (name, share), many in zip(usual.items(), own, strict=True)
    }
    return NextAction(**{**mixed, "leave": usual["leave"]})


def avoid(view: PromptView) -> tuple[Avoid, ...]:
    """Items taken out of the cart, sent back, or shown in lists again and again in vain; surest reason first."""
    if _TELL_APART.isdisjoint(view.actions):
        return ()
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


def _just_bought(acts: Sequence[Act]) -> bool:
    for looks, (action, _) in enumerate(reversed(acts)):
        if action == "purchase":
            return looks <= _AFTERGLOW
        if action not in _LOOKS:
            return False
    return False


def _cart(acts: Sequence[Act]) -> set[int]:
    """Numbers of the products in the cart; an order without products empties it."""
    cart: set[int] = set()
    for action, product in acts:
        if action == "purchase" and product is None:
            cart.clear()
        elif product and action == "cart_add":
            cart.add(product.number)
        elif product and action in {"cart_remove", "purchase"}:
            cart.discard(product.number)
    return cart


def _returns(looks: Sequence[int]) -> bool:
    """Whether the last look goes back to a product after another one."""
    last = looks[-1]
    before = looks.index(last)
    return any(number != last for number in looks[before + 1 :])
