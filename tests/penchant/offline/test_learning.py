"""Learning from a recording: by others, from the past alone, and in a file that everybody reads the same."""

from itertools import islice
from pathlib import Path

import pytest

from penchant.offline.learning import AsItGoes, Fixed, Folds, foresights, learn
from penchant.offline.products.shelf import shelf
from penchant.settings.root import Settings
from prompts.learned.foresight import Foresight
from prompts.learned.lessons import EVERYONE
from sandbox.shop.shoppers import ShopperTraffic
from streams.errors import SettingInvalid
from streams.events.decoding import encode
from streams.events.event import ShopperEvent
from streams.records.erasures import Erasure
from tests.kafka import Kafka
from tests.penchant.commands import run


def busy(count: int = 4_000) -> list[ShopperEvent]:
    """A shop with enough shoppers to learn from: 400 of them, at twenty events a second."""
    timed = islice(ShopperTraffic(1, 400, 20.0).events(), count)
    start_ms = 1_700_000_000_000
    return [
        ShopperEvent(
            event.event_id, event.shopper_id, event.action, start_ms + 10 * event.time_ms, event.items, event.query
        )
        for _, event in timed
        if isinstance(event, ShopperEvent)
    ]


EVENTS = busy()


def test_as_it_goes_only_the_past_is_known() -> None:
    """With everything after a moment gone, the snapshot that counts then is the same."""
    whole = AsItGoes(EVENTS, 3)
    last_ms = EVENTS[-1].time_ms
    seen = 0
    for time_ms in range(EVENTS[0].time_ms, last_ms, (last_ms - EVENTS[0].time_ms) // 7):
        past = AsItGoes([event for event in EVENTS if event.time_ms <= time_ms], 3)
        one, other = whole.at("anybody", time_ms), past.at("anybody", time_ms)
        assert (one and one.learned) == (other and other.learned)
        seen += one is not None
    assert seen > 3


def test_nobody_is_foreseen_by_what_they_taught_themselves() -> None:
    """In folds a shopper's snapshot is the same without that shopper, and all others of the same part."""
    folds = Folds(EVENTS, 5, 3)
    shopper = EVENTS[0].shopper_id
    mine = folds.at(shopper, 0).learned
    without = [event for event in EVENTS if folds.at(event.shopper_id, 0).learned != mine]
    assert len(without) < len(EVENTS)
    assert learn(without, 3).tables == mine.tables


def test_categories_of_products_join_without_what_is_sensitive(tmp_path: Path) -> None:
    """A catalogue's, each once; rows that are no products are passed over."""
    rows = ["id,title,category", "1,Kettle,home/kettles", "2,Jug,home/kettles", "3,Test,health/pregnancy tests",
            ",,sport/shoes", "5,Pregnancy test,home/other", f"6,{'Hose ' * 300},garden/hoses"]  # fmt: skip
    (tmp_path / "catalogue.csv").write_text("\n".join(rows), encoding="utf-8")
    (tmp_path / "columns.toml").write_text('category = "category"', encoding="utf-8")
    found = shelf(tmp_path / "catalogue.csv", tmp_path / "columns.toml", Settings())
    assert found == ("garden/hoses", "home/kettles")
    learned = learn(EVENTS, 20, found)
    assert {"garden/hoses", "home/kettles"} <= {name for name, _ in learned.row("categories", EVERYONE)}


def test_products_that_those_who_teach_never_saw_teach_nothing() -> None:
    """The snapshot is that of the events without them; each fold has the categories of all products."""
    folds = Folds(EVENTS, 2, 3, shelf=("garden/hoses",), unseen=0.5)
    whole = Folds(EVENTS, 2, 3)
    shopper = EVENTS[0].shopper_id
    mine, usual = folds.at(shopper, 0).learned, whole.at(shopper, 0).learned
    assert "garden/hoses" in dict(mine.row("categories", EVERYONE))
    few, many = (sum(weight for _, weight in each.row("brand_in", EVERYONE)) for each in (mine, usual))
    assert few < many
    assert folds.what == {
        "by": "2 folds by shopper", "support": 3, "categories_of_products": 1, "products_unseen": 0.5,
    }  # fmt: skip
    with pytest.raises(SettingInvalid, match="--folds"):
        foresights(None, 0, 20, unseen=0.1)


def test_too_small_a_recording_teaches_nothing() -> None:
    """It is said so, rather than a file written that says nothing."""
    with pytest.raises(SettingInvalid, match="20 shoppers"):
        learn(EVENTS[:30])


def test_one_of_file_and_folds() -> None:
    """Both at once are refused, and so is a file that is not there."""
    with pytest.raises(SettingInvalid, match="--folds"):
        foresights(Path("any.json"), 5, 20)
    with pytest.raises(SettingInvalid, match="penchant learn"):
        foresights(Path("none.json"), 0, 20)


def test_a_fixed_snapshot_is_named() -> None:
    """A report says which it was, and how many shoppers support it."""
    learned = learn(EVENTS)
    assert Fixed(Foresight(learned)).what == {"by": "snapshot", "snapshot": learned.name, "support": 20}


@pytest.mark.slow
async def test_learn_and_eval_as_people_call_them(tmp_path: Path) -> None:
    """A snapshot is written from one recording, and its name stands in the report of another's eval."""
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(map(encode, EVENTS)))
    (tmp_path / "later.jsonl").write_bytes(b"\n".join(map(encode, EVENTS[:400])))
    ended = await run(tmp_path, {}, "learn", "--events", "events.jsonl", "--out", "learned.json", "--json")
    assert ended.status == 0, ended.err
    assert ended.report["keys"]["categories"] == 1
    assert ended.report["bytes"] == (tmp_path / "learned.json").stat().st_size
    scored = await run(
        *(tmp_path, {}, "eval", "--events", "later.jsonl", "--learned", "learned.json", "--sessions", "10", "--json")
    )
    assert scored.status == 0, scored.err
    assert scored.report["learned"]["snapshot"] == ended.report["snapshot"]
    assert scored.report["scores"]["learned"]


@pytest.mark.kafka
@pytest.mark.slow
async def test_a_topic_teaches_what_its_recording_does(kafka: Kafka, tmp_path: Path) -> None:
    """All but shoppers who were erased or opted out. It is read in no group; an empty one teaches nothing."""
    topic, erasures, empty = await kafka.topic(1), await kafka.topic(1), await kafka.topic(1)
    gone = EVENTS[0].shopper_id
    keys = [event.shopper_id.encode() for event in EVENTS]
    await kafka.produce(topic, [*map(encode, EVENTS), b"rubbish"], keys=[*keys, b"x"])
    await kafka.produce(erasures, [Erasure(gone, 1, 0, (0,)).dump()], keys=[gone.encode()])
    variables = {"KAFKA__BOOTSTRAP": kafka.bootstrap, "KAFKA__ERASURE_TOPIC": erasures}
    learns, told = ("learn", "--minutes", "1000000", "--support", "3", "--out"), tmp_path / "learned.json"
    done = await run(tmp_path, {**variables, "KAFKA__TOPIC": topic}, *learns, str(told), "--json")
    assert done.status == 0, done.err
    assert told.read_bytes() == learn([event for event in EVENTS if event.shopper_id != gone], 3).dump()
    assert told.read_bytes() != learn(EVENTS, 3).dump()
    assert await kafka.committed("penchant", topic) is None
    nothing = await run(tmp_path, {**variables, "KAFKA__TOPIC": empty}, *learns, "none.json")
    assert (nothing.status, "no shopper events" in nothing.err) == (1, True)


def test_the_catalogue_is_learned() -> None:
    """Every name of the snapshot is one that the recording has."""
    learned = learn(EVENTS)
    known = {item.category for event in EVENTS for item in event.items}
    names = {name for name, _ in learned.row("categories", EVERYONE)}
    assert names
    assert names <= known
