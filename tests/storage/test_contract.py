"""What every store does. The same tests hold the store in memory and the one in Redis."""

import orjson
import pytest
from msgspec import structs

from storage.checkpoints import Context, Erased, Verdict, Write
from streams.records.erasures import Erasure
from streams.records.intents import Intent
from streams.sessions.positions import Position
from tests.storage.sides import Side, intent, put, write

ACCEPTED, COVERED, STALE, ERASED, LINEAGE, _ = Verdict


async def test_an_unknown_shopper_is_absent(side: Side) -> None:
    """Who was never written is None, and that is not an error."""
    assert await side.store.load(["ada"]) == [None]


async def test_what_is_written_is_loaded(side: Side) -> None:
    """A context comes back as it was, its session byte for byte."""
    session = bytes(range(256)) * 4
    await put(side, write("ada", (2, 9_007_199_254_740_991, 7), partition=63, owner="w1:12", session=session))
    position = Position(2, 9_007_199_254_740_991, 7)
    assert await side.store.load(["ada"]) == [Context("ada", position, 63, "w1:12", session)]


async def test_loads_answer_in_the_order_asked(side: Side) -> None:
    """Each answer stands where its shopper was asked for, twice if asked twice."""
    await put(side, write("ada"), write("bob"))
    loaded = await side.store.load(["bob", "cyd", "ada", "bob"])
    assert [context and context.shopper for context in loaded] == ["bob", None, "ada", "bob"]


async def test_nothing_asked_is_nothing_done(side: Side) -> None:
    """Empty calls return at once."""
    assert await side.store.load([]) == []
    assert await side.store.write([]) == []


@pytest.mark.parametrize(
    ("position", "partition", "owner", "verdict"),
    [
        pytest.param((1, 6, 0), 3, "w1:1", ACCEPTED, id="a later offset"),
        pytest.param((1, 6, 0), 3, "w2:1", ACCEPTED, id="a later offset of another owner"),
        pytest.param((1, 5, 3), 3, "w1:1", ACCEPTED, id="a replay of the same offset"),
        pytest.param((2, 0, 0), 3, "w2:1", ACCEPTED, id="a later lineage at a lower offset"),
        pytest.param((2, 0, 0), 4, "w2:1", ACCEPTED, id="a later lineage in another partition"),
        pytest.param((1, 5, 2), 3, "w1:1", COVERED, id="the same again"),
        pytest.param((1, 4, 9), 3, "w1:1", COVERED, id="an earlier offset of the same owner"),
        pytest.param((1, 5, 1), 3, "w1:1", COVERED, id="an earlier generation of the same owner"),
        pytest.param((1, 5, 2), 3, "w1:2", COVERED, id="the same in another epoch"),
        pytest.param((1, 4, 9), 3, "w2:1", STALE, id="an earlier offset of another owner"),
        pytest.param((0, 9, 9), 3, "w1:1", LINEAGE, id="an earlier lineage"),
        pytest.param((1, 6, 0), 4, "w1:1", LINEAGE, id="another partition of the same lineage"),
        pytest.param((1, 4, 0), 4, "w1:1", LINEAGE, id="another partition at an earlier offset"),
    ],
)
async def test_a_write_is_judged_by_what_is_stored(
    side: Side, position: tuple[int, int, int], partition: int, owner: str, verdict: Verdict
) -> None:
    """Over (1, 5, 2) in partition 3 of owner w1:1, each kind of write gets its verdict."""
    await put(side, write(position=(1, 5, 2)))
    assert await put(side, write(position=position, partition=partition, owner=owner)) == [verdict]


@pytest.mark.parametrize(
    "refused",
    [
        write(position=(0, 5, 0), session=b"again"),
        write(position=(0, 4, 0), owner="w2:1", session=b"old"),
        write(position=(0, 6, 0), partition=4, session=b"astray"),
        write(position=(0, 6, 0), erasure=1, session=b"erased"),
    ],
    ids=["covered", "stale", "lineage", "erased"],
)
async def test_a_refused_write_changes_nothing(side: Side, refused: Write) -> None:
    """Neither the context nor the intent moves when the verdict is a refusal."""
    await put(side, write())
    before = await side.store.load(["ada"]), await side.intent_hash("ada")
    (verdict,) = await put(side, refused)
    assert verdict is not ACCEPTED
    assert (await side.store.load(["ada"]), await side.intent_hash("ada")) == before


@pytest.mark.parametrize(
    ("stored", "base", "verdict"),
    [
        pytest.param((1, 5, 0), 5, ACCEPTED, id="stands where it stood"),
        pytest.param((1, 5, 0), 4, ACCEPTED, id="has come further"),
        pytest.param((1, 5, 0), 6, STALE, id="has gone back"),
        pytest.param((0, 9, 0), 6, STALE, id="has gone back to an earlier lineage"),
        pytest.param(None, 0, STALE, id="has lost it"),
        pytest.param(None, -1, ACCEPTED, id="never had it"),
    ],
)
async def test_a_write_needs_what_it_was_built_on(
    side: Side, stored: tuple[int, int, int] | None, base: int, verdict: Verdict
) -> None:
    """A parked session must not cover up that the store lost the last intent: it is refused when its base is gone."""
    if stored is not None:
        await put(side, write(position=stored))
    assert await put(side, write(position=(1, 7, 0), intent_lives_ms=None, base=base)) == [verdict]


async def test_writes_of_one_call_are_judged_in_turn(side: Side) -> None:
    """Several writes of one shopper in one call see each other."""
    verdicts = await side.store.write([write(position=(0, at, 0)) for at in (5, 7, 6)])
    assert verdicts == [ACCEPTED, ACCEPTED, COVERED]


async def test_the_intent_stands_in_full_and_in_hot_fields(side: Side) -> None:
    """A ranker finds every documented field, and `doc` is the intent."""
    await put(side, write("ada", (0, 5, 2)))
    found = await side.intent_hash("ada")
    assert Intent.load(found.pop("doc")) == intent("ada", Position(0, 5, 2))
    assert found == {
        "stage": "compare", "mission": "kitchen", "category": "home/kettles", "brand": "Ålesund",
        "price_low": "19.99", "price_high": "60.0", "currency": "EUR", "confidence": "0.7", "as_of": "9000",
        "written_at": "9250", "source": "model", "position": "0:5:2", "schema": "1",
        "packed": "1\t1\tcompare\tkitchen\thome/kettles\tÅlesund\t19.99\t60.0\tEUR\t0.7\t9000\t9250\tmodel\t-\t\t0:5:2",
    }  # fmt: skip


async def test_what_an_intent_does_not_say_is_an_empty_field(side: Side) -> None:
    """A field is never missing, and nothing of the last intent shines through."""
    bare = structs.replace(intent("ada", Position(0, 6, 0)), categories=(), brands=(), price_band=None)
    await put(side, write(position=(0, 5, 0)), structs.replace(write(position=(0, 6, 0)), intent=bare))
    found = await side.intent_hash("ada")
    assert [found[name] for name in ("category", "brand", "price_low", "price_high")] == [""] * 4


async def test_a_parked_session_leaves_the_intent(side: Side) -> None:
    """A write without an intent moves the context alone."""
    await put(side, write(position=(0, 5, 0)), write(position=(0, 8, 0), intent_lives_ms=None))
    assert (await side.intent_hash("ada"))["position"] == "0:5:0"
    (context,) = await side.store.load(["ada"])
    assert isinstance(context, Context)
    assert context.position == Position(0, 8, 0)


async def test_an_older_intent_never_overwrites_a_newer(side: Side) -> None:
    """Not even when the context that would tell has gone."""
    await put(side, write(position=(0, 8, 0)))
    await side.lose_context("ada")
    assert await put(side, write(position=(0, 5, 0), owner="w2:1")) == [ACCEPTED]
    assert (await side.intent_hash("ada"))["position"] == "0:8:0"


async def test_positions_compare_as_numbers(side: Side) -> None:
    """Offset 10 comes after offset 9, in contexts and in intents."""
    await put(side, write(position=(0, 9, 0)))
    assert await put(side, write(position=(0, 10, 0))) == [ACCEPTED]
    assert (await side.intent_hash("ada"))["position"] == "0:10:0"


async def test_an_intent_past_its_time_shows_nothing(side: Side) -> None:
    """The write is accepted and covers its events, but an old replay revives nothing and clears what it outdates."""
    await put(side, write(position=(0, 5, 0)))
    assert await put(side, write(position=(0, 6, 0), intent_lives_ms=-1)) == [ACCEPTED]
    assert await side.intent_hash("ada") == {}
    (context,) = await side.store.load(["ada"])
    assert isinstance(context, Context)
    assert context.position == Position(0, 6, 0)


async def test_a_context_past_its_time_is_absent(side: Side) -> None:
    """Which is why the writer gives it a time that has not passed, however late it is."""
    assert await put(side, write(lives_ms=-1)) == [ACCEPTED]
    assert await side.store.load(["ada"]) == [None]


async def test_a_parked_shopper_gets_the_intent_at_the_same_position(side: Side) -> None:
    """Parked though owed: the context stands already, by whomever; the intent that comes later is taken, once."""
    await put(side, write(position=(0, 5, 0), intent_lives_ms=None))
    assert await put(side, write(position=(0, 5, 0), owner="w2:1")) == [ACCEPTED]
    assert (await side.intent_hash("ada"))["position"] == "0:5:0"
    (context,) = await side.store.load(["ada"])
    assert isinstance(context, Context)
    assert context.owner == "w1:1"
    assert await put(side, write(position=(0, 5, 0)), write(position=(0, 5, 0), owner="w2:1")) == [COVERED] * 2


async def test_a_context_tells_that_a_call_is_owed(side: Side) -> None:
    """Until an intent comes at its position with which nothing is owed any more, better than the stored one or not."""

    async def owed() -> bool:
        (context,) = await side.store.load(["ada"])
        assert isinstance(context, Context)
        return context.owed

    await put(side, write(position=(0, 5, 0), intent_lives_ms=None, owed=True))
    assert await owed()
    assert await put(side, write(position=(0, 5, 0), source="rules", owed=True)) == [ACCEPTED]
    assert await owed()
    assert await put(side, write(position=(0, 5, 0), intent_lives_ms=None)) == [COVERED]
    assert await owed()
    assert await put(side, write(position=(0, 5, 0), source="rules")) == [COVERED]
    assert not await owed()
    assert await put(side, write(position=(0, 5, 0), source="rules", owed=True)) == [COVERED]
    assert not await owed()


async def test_a_models_intent_replaces_the_rules_at_the_same_position(side: Side) -> None:
    """An upgrade is taken; the way back is not."""
    await put(side, write(position=(0, 5, 0), source="rules"))
    assert await put(side, write(position=(0, 5, 0))) == [ACCEPTED]
    assert await put(side, write(position=(0, 5, 0), source="rules")) == [COVERED]
    assert (await side.intent_hash("ada"))["source"] == "model"


async def test_the_rules_replace_no_intent_where_nothing_is_owed(side: Side) -> None:
    """Whoever stored a quiet event knows of an intent that will do; where a call is owed, the rules' is better."""
    await put(side, write(position=(0, 5, 0)), write(position=(0, 6, 0), intent_lives_ms=None, base=5))
    late = write(position=(0, 6, 0), owner="w2:1", source="rules", owed=True, base=4)
    assert await put(side, late) == [COVERED]
    assert (await side.intent_hash("ada"))["position"] == "0:5:0"
    await put(side, write(position=(0, 7, 0), intent_lives_ms=None, owed=True, base=6))
    assert await put(side, write(position=(0, 7, 0), owner="w2:1", source="rules", base=7)) == [ACCEPTED]
    assert (await side.intent_hash("ada"))["position"] == "0:7:0"


@pytest.mark.parametrize(
    ("base", "base_owed", "owner", "verdict"),
    [
        pytest.param(5, False, "w2:1", ACCEPTED, id="what stands there"),
        pytest.param(4, False, "w2:1", STALE, id="what stood there before somebody else came further"),
        pytest.param(-1, False, "w2:1", STALE, id="nothing, before somebody else came"),
        pytest.param(5, True, "w2:1", STALE, id="a call that somebody else has answered"),
        pytest.param(4, True, "w1:1", ACCEPTED, id="what the same owner has stored since"),
    ],
)
async def test_the_rules_intent_is_built_on_what_stands(
    side: Side, base: int, owner: str, verdict: Verdict, *, base_owed: bool
) -> None:
    """Whoever has lost a partition does not know that the new owner has a model's intent. A model's own is right."""
    await put(side, write(position=(0, 5, 0)))
    late = write(position=(0, 6, 0), owner=owner, source="rules", base=base, base_owed=base_owed)
    assert await put(side, late) == [verdict]
    assert (await side.intent_hash("ada"))["position"] == ("0:6:0" if verdict is ACCEPTED else "0:5:0")
    assert await put(side, write(position=(0, 7, 0), owner=owner, base=max(base, 0), base_owed=base_owed)) == [ACCEPTED]


@pytest.mark.parametrize("base_owed", [False, True], ids=["known to be answered", "known to be owed"])
async def test_a_quiet_event_hides_no_lost_answer(side: Side, *, base_owed: bool) -> None:
    """The store fell back from the model's intent to the rules' one at the same position, where the call is owed."""
    await put(side, write(position=(0, 5, 0), source="rules", owed=True))
    quiet = write(position=(0, 6, 0), intent_lives_ms=None, base=5, base_owed=base_owed)
    assert await put(side, quiet) == [ACCEPTED if base_owed else STALE]
    owing = write(position=(0, 7, 0), intent_lives_ms=None, base=5, owed=True)
    assert await put(side, owing) == [ACCEPTED]


async def test_an_intent_is_refused_where_its_context_is_behind(side: Side) -> None:
    """Equal means equal: an intent made before the stored position is refused with its context."""
    await put(side, write(position=(0, 6, 0), intent_lives_ms=None))
    assert await put(side, write(position=(0, 5, 0))) == [COVERED]
    assert await side.intent_hash("ada") == {}


async def test_a_replay_replaces_an_intent_and_gives_way_to_later_events(side: Side) -> None:
    """At the same offset the higher generation stays, and the live worker need not read again; what it writes next does
    overwrite."""
    await put(side, write(position=(0, 5, 0), owner="live:1"))
    assert await put(side, write(position=(0, 5, 9), owner="replay:1", base=5)) == [ACCEPTED]
    assert await put(side, write(position=(0, 5, 0), owner="live:1", base=5)) == [COVERED]
    assert (await side.intent_hash("ada"))["position"] == "0:5:9"
    assert await put(side, write(position=(0, 6, 0), owner="live:1", base=5)) == [ACCEPTED]
    assert await put(side, write(position=(0, 5, 9), owner="replay:1", base=5)) == [STALE]
    assert (await side.intent_hash("ada"))["position"] == "0:6:0"


async def test_an_erased_shopper_comes_back_with_the_number(side: Side) -> None:
    """What was in memory from before is refused; a write that knows of the erasure is taken."""
    await put(side, write(position=(0, 5, 0)))
    erasure = Erasure("ada", 1, 0, (0, 0, 0, 6))
    await side.erase(erasure)
    assert await side.intent_hash("ada") == {}
    assert await put(side, write(position=(0, 6, 0))) == [ERASED]
    assert await side.store.load(["ada"]) == [Erased("ada", 1, erasure)]
    assert await put(side, write(position=(0, 7, 0), erasure=1)) == [ACCEPTED]
    (context,) = await side.store.load(["ada"])
    assert isinstance(context, Context)
    assert context.erasure == 1


async def test_nothing_from_before_an_erasure_is_stored_again(side: Side) -> None:
    """Not even by who knows its number: below the partition's end in that lineage a position is refused."""
    await side.erase(Erasure("ada", 1, 0, (9, 9, 9, 6)))
    assert await put(side, write(position=(0, 5, 0), erasure=1)) == [ERASED]
    assert await put(side, write(position=(0, 6, 0), erasure=1)) == [ACCEPTED]
    await side.erase(Erasure("bob", 1, 0, (9, 9, 9, 6)))
    assert await put(side, write("bob", (1, 5, 0), erasure=1)) == [ACCEPTED]


async def test_an_erasure_counts_once(side: Side) -> None:
    """Whoever tells of it again, or of an earlier one, takes nothing away that came since."""
    await side.erase(Erasure("ada", 2, 0, (0, 0, 0, 6)))
    await put(side, write(position=(0, 6, 0), erasure=2))
    for number in (2, 1):
        await side.erase(Erasure("ada", number, 0, (0, 0, 0, 9)))
        assert (await side.intent_hash("ada"))["stage"] == "compare"


async def test_shoppers_do_not_share_anything(side: Side) -> None:
    """Neither an erasure nor a position of one shopper is another's."""
    await put(side, write("ada", (0, 9, 0)))
    await side.erase(Erasure("ada", 1, 0, ()))
    assert await put(side, write("bob", (0, 1, 0), owner="w2:1")) == [ACCEPTED]


async def test_names_may_hold_anything_an_identifier_may(side: Side) -> None:
    """Spaces, quotes, colons and other scripts are names like any other."""
    names = ['o"hara', "ann lee", "a:b:c", "李雷", "ada"]
    await side.store.write([write(name, (0, 1, 0)) for name in names])
    loaded = await side.store.load(names)
    assert [isinstance(context, Context) and context.shopper for context in loaded] == names
    assert orjson.loads((await side.intent_hash('o"hara'))["doc"])["shopper"] == 'o"hara'


async def test_the_owed_set_holds_each_shopper_once(side: Side) -> None:
    """Owing twice is owing once; settling what is not owed is no error."""
    await side.store.owe(3, ["bob", "ada"])
    await side.store.owe(3, ["ada"])
    await side.store.settle(3, ["cyd"])
    assert sorted(await side.store.owed(3)) == ["ada", "bob"]
    await side.store.settle(3, ["ada", "bob"])
    assert await side.store.owed(3) == []


async def test_the_owed_set_is_the_partitions_own(side: Side) -> None:
    """A partition's set says nothing of another's, and empty calls do nothing."""
    await side.store.owe(3, ["ada"])
    await side.store.owe(4, [])
    await side.store.settle(3, [])
    assert (await side.store.owed(3), await side.store.owed(4)) == (["ada"], [])


async def test_the_incarnation_lasts(side: Side) -> None:
    """It is the same for all who ask, whatever is written in between."""
    before = await side.store.incarnation()
    await put(side, write())
    assert await side.store.incarnation() == before


async def test_lost_data_is_another_incarnation(side: Side) -> None:
    """The nonce goes with the data, even though the server is the same."""
    before = await side.store.incarnation()
    await side.flush()
    after = await side.store.incarnation()
    assert after != before
    assert await side.store.incarnation() == after
