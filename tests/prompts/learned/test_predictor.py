"""A predictor orders what the counts name, within the same bounds, and its file is held to its digest."""

import sys

import orjson
import pytest
from hypothesis import given

from prompts.learned.foresight import Foresight
from prompts.learned.predictor import LARGEST_BYTES, load
from prompts.rules import rules
from streams.errors import PlatformLacks, SettingInvalid
from streams.events.event import Item
from streams.sessions.session import Session
from tests.prompts.learned.stream import crowd
from tests.prompts.learned.test_foresight import HONEST, honest, learned, names
from tests.prompts.learned.trees import SHOP, predictor, predictor_file
from tests.prompts.shoppers import KETTLE, OTHER_KETTLE, sessions, shopper

LOOKS = [("view", KETTLE), ("view", OTHER_KETTLE)]
TREES, AGAIN = Foresight(HONEST, predictor()), Foresight(HONEST, load(predictor_file()))


@given(sessions())
def test_findings_hold_whatever_the_window(session: Session) -> None:
    """Shares are shares, largest first; the range is one; purchases are the rules'; made again they are the same."""
    plain, found = rules(session), rules(session, learned=TREES)
    for some in (found.categories, found.brands):
        weights = [each.weight for each in some]
        assert weights == sorted(weights, reverse=True)
        assert sum(weights) <= 1.01
        assert len({each.name for each in some}) == len(some) <= 5
    assert (found.price_band is None) == (plain.price_band is None)
    assert found.price_band is None or found.price_band.low <= found.price_band.high
    assert found.next_action == plain.next_action
    assert found == rules(session, learned=AGAIN)


def test_an_intent_names_the_trees_beside_the_snapshot() -> None:
    """Behind a plus, by the digest of the file."""
    assert Foresight(HONEST, predictor()).name == f"{HONEST.name}+{predictor().name}"
    assert Foresight(HONEST).name == Foresight(HONEST, predictor()).by_counts.name == HONEST.name


def test_trees_learn_where_shoppers_go() -> None:
    """Most stay with kettles, more go on to toasters than to shoes; the intent is as sure as its first category."""
    found = rules(shopper(*LOOKS), learned=Foresight(learned(SHOP), predictor()))
    assert names(found)[0] == ["home/kitchen/kettles", "home/kitchen/toasters", "sport/shoes"]
    assert found.confidence == found.categories[0].weight < 0.9


def test_a_thousand_ids_move_a_list_by_one_name() -> None:
    """Trees choose among what the counts name: one newcomer at most comes into a list."""
    poison = [Item(f"sku-6{at}", None, f"home/kitchen/casino-{at}", f"Casino {at}", 75.0, "EUR") for at in range(5)]
    bots = [visit for number in range(1_000) for visit in crowd(f"bot-{number}", 1, [KETTLE, *poison], day=2)]
    found = rules(shopper(*LOOKS), learned=Foresight(learned(honest() + bots), predictor()))
    for some in names(found):
        assert sum("casino" in name.lower() for name in some) <= 1


def test_the_file_has_numbers_alone() -> None:
    """No name of the shop is in it."""
    text = predictor_file().decode().lower()
    assert not [word for word in ("kettle", "toaster", "shoes", "fernhill", "tarn", "ridge") if word in text]


DAMAGED = [
    b"", b"{}", b"[]", b'{"trees": 1}', predictor_file()[:-9],
    predictor_file().replace(b"num_leaves=", b"num_leaves=9", 1),
    orjson.dumps(orjson.loads(predictor_file()) | {"format": 0}), b" " * (LARGEST_BYTES + 1),
]  # fmt: skip


@pytest.mark.parametrize("body", DAMAGED, ids=range(len(DAMAGED)))
def test_what_is_no_predictor_is_refused(body: bytes) -> None:
    """Before LightGBM reads any of it, and with the remedy."""
    with pytest.raises(SettingInvalid, match="penchant learn --predictor"):
        load(body)


def test_without_the_library_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an optional extra."""
    body = predictor_file()
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(PlatformLacks, match=r"penchant\[learn\]"):
        load(body)
