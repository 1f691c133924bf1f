"""Withholding: in every dialect, what is sensitive is left out of what a record becomes, and all else stays."""

from collections.abc import Sequence

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.dialect_records import TELLINGS
from streams.events.decoding import Decoded, encode
from streams.events.dialects import dialect, whole_dialect
from streams.events.event import Action, Item, ShopperEvent
from streams.events.privacy import PrivacyRules
from streams.events.sensitive_topics import SHIPPED, TOPICS
from tests.streams.dialect_records import AT_MS, Sent, decode

HARMLESS = ("Blue kettle", "Yoga mat", "Vitamin C", "Shampoo")
SECRETS = [f"{word} 3 pack" for topic in TOPICS for word in SHIPPED[topic].words]
ACTIONS: Sequence[Action] = ("view", "click", "cart_add", "purchase")


@st.composite
def items(draw: st.DrawFn) -> tuple[Item, str | None]:
    """A product, and what is sensitive in it, if anything is."""
    texts = {"title": draw(st.sampled_from(HARMLESS)), "category": "home/kitchen", "brand": "Acme"}
    secret = draw(st.none() | st.sampled_from(SECRETS))
    if secret is not None:
        place = draw(st.sampled_from(sorted(texts)))
        texts[place] = f"home/{secret}" if place == "category" else secret
    return Item(id=f"p-{draw(st.integers(1, 9))}", price=9.5, currency="EUR", **texts), secret  # type: ignore[arg-type] # texts alone


@pytest.mark.parametrize("name", list(TELLINGS))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(told=st.lists(st.tuples(items(), st.sampled_from(ACTIONS)), min_size=1, max_size=8))
def test_what_is_sensitive_is_left_out(name: str, told: list[tuple[tuple[Item, str | None], Action]]) -> None:
    """Of a batch, those events go whose product is sensitive; no record is refused, and the others are as they were."""
    telling = TELLINGS[name]
    events = [
        ShopperEvent(f"e-{number}", "shopper-1", action, AT_MS + number, (item,))
        for number, ((item, _), action) in enumerate(told)
    ]
    records = [telling.tell(number, event) for number, event in enumerate(events)]
    reading, whole = dialect(telling.dialect), whole_dialect(telling.dialect)
    for _ in range(2):  # the second time they are remembered
        decoded, everything = reading.decode(records), whole.decode(records)
        kept = [number for number, ((_, secret), _) in enumerate(told) if secret is None]
        assert decoded.refused == []
        assert decoded.events == [everything.events[number] for number in kept]
        assert decoded.withheld == len(told) - len(kept) == sum(decoded.sensitive.values())


def test_an_order_loses_its_sensitive_lines() -> None:
    """An event with other products stays, and counts by each pattern once."""
    products = [{"id": "1", "title": "Kettle"}, {"id": "2", "title": "Aspirin"}, {"id": "3", "title": "Ibuprofen"}]
    decoded = decode("native", {**_event("purchase"), "items": products})
    assert [item.id for _, _, event in decoded.events for item in event.items] == ["1"]
    assert (decoded.withheld, decoded.sensitive) == (0, {("drop", "health"): 1})


def test_a_sensitive_search_goes_with_what_it_showed() -> None:
    """An event whose search is sensitive is left out, whatever it shows; so is one that shows nothing else."""
    kettle = [{"id": "1", "title": "Kettle"}]
    assert decode("native", {**_event("search"), "query": "hiv test", "items": kettle}).events == []
    assert (
        decode("native", {**_event("search"), "query": "kettle", "items": [{"id": "2", "title": "Bible"}]}).events == []
    )


def test_a_coarse_search_says_nothing() -> None:
    """It stays an event, without its words."""
    decoded = _read({**_event("search"), "query": "hiv test"}, PrivacyRules(coarsen=("health",)))
    [(_, _, event)] = decoded.events
    assert (event.query, event.items, decoded.withheld) == (None, (), 0)
    assert decoded.sensitive == {("coarsen", "health"): 1}


def test_coarse_products_of_one_category_are_one_product() -> None:
    """Nothing tells them apart."""
    rules = PrivacyRules(coarsen=("health",))
    seen = {
        encode(_read({**_event("view"), "items": [{"id": name, "category": "care/medicine"}]}, rules).events[0][2])
        for name in ("1", "2")
    }
    assert len(seen) == 1
    assert b'"category":"care"' in seen.pop()


def _event(action: str) -> dict[str, object]:
    return {"event_id": "e", "shopper_id": "ada", "action": action, "time_ms": AT_MS}


def _read(value: dict[str, object], rules: PrivacyRules) -> Decoded:
    return dialect("native", privacy=rules).decode([Sent(0, orjson.dumps(value))])
