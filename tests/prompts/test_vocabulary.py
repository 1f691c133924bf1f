"""A vocabulary is read whole or refused by name, and everything that speaks of missions takes it."""

import json

import pytest
from hypothesis import given

from prompts.answer import Answer
from prompts.grounding import ground
from prompts.rules import rules
from prompts.schema import AnswerSchema, max_tokens
from prompts.tokens import estimate
from prompts.view import PromptView
from prompts.vocabulary import DEFAULT_VOCABULARY, parse_vocabulary
from prompts.wording import unknown_words
from streams.errors import SettingInvalid
from streams.events.event import Item
from streams.sessions.session import Session
from tests.data.folders import GROCERIES
from tests.prompts.shoppers import KETTLE, sessions, shopper

GROCER = parse_vocabulary((GROCERIES / "vocabulary.toml").read_text(encoding="utf-8"))
MILK = Item("m-1", "Haferdrink Bio 1 l", "getränke/pflanzendrinks", "Kornhof", 1.99, "EUR")
SAUSAGE = Item("w-1", "Bratwurst vegan", "kühlregal/würste", "Grünhof", 3.49, "EUR")


def test_words_of_all_languages_tell_a_mission_and_a_signal() -> None:
    """A search for a gift is one in German and in French as well."""
    for word in ("gift", "Geschenk", "cadeau"):
        found = rules(shopper(("search", word), ("view", KETTLE)))
        assert (found.mission.label, found.signals["gift"]) == ("gift", 0.8)


@pytest.mark.parametrize(
    ("events", "label"),
    [
        ([("search", "alles zum Grillen"), ("view", SAUSAGE)], "grillfest"),
        ([("search", "Vorrat Haferdrink"), ("view", MILK)], "wocheneinkauf"),
        ([("cart_add", MILK), ("cart_add", SAUSAGE)], "wocheneinkauf"),
        ([("search", "gift"), ("view", MILK)], "other"),
    ],
)
def test_another_shop_has_missions_of_its_own(events: list[tuple[str, Item | str | None]], label: str) -> None:
    """They are told by its words and by the window's shape, and no mission of another shop is."""
    assert rules(shopper(*events), GROCER).mission.label == label


def test_a_signal_of_ones_own_stands_beside_those_of_the_contract() -> None:
    """It is in the intent, moves by bounded steps, and those that the contract names stay at nothing."""
    session = shopper(("search", "heute grillen"), ("view", SAUSAGE))
    found = rules(session, GROCER)
    assert dict(found.signals) == {"urgency": 0.0, "gift": 0.0, "seasonal": 0.0, "eile": 0.8}
    moved = ground(Answer(mission="grillfest", signals={"eile": 0, "gift": 9}), session, found, GROCER)
    assert (moved.findings.signals["eile"], moved.removed) == (0.3, ("signal",))
    assert json.loads(moved.findings.dump())["signals"]["eile"] == 0.3


def test_an_attribute_with_values_takes_no_other() -> None:
    """A value must be on the list, and stand in the window as well; without a list any word there may be one."""
    session = shopper(("view", MILK))
    said = {"kost": "bio", "packung": "1 l", "color": "bio"}
    found = ground(Answer(mission="grillfest", attributes=said), session, rules(session, GROCER), GROCER)
    assert [(each.name, each.value) for each in found.findings.attributes] == [("kost", "bio"), ("packung", "1 l")]
    for value in ("haferdrink", "vegan"):
        answer = Answer(mission="grillfest", attributes={"kost": value})
        assert ground(answer, session, rules(session, GROCER), GROCER).removed == ("attribute",)


def test_a_text_may_use_the_vocabularys_own_words() -> None:
    """Function words of the shop's language and the words of its missions; a product must still be in the window."""
    view = PromptView.of(shopper(("view", MILK)))
    rule = rules(view, GROCER)
    assert unknown_words("Sucht Haferdrink für den Wocheneinkauf und Bratwurst", view, rule, GROCER) == ()
    assert unknown_words("Sucht Kaffee", view, rule, GROCER) == ("kaffee",)
    assert unknown_words("Sucht Haferdrink", view, rule, DEFAULT_VOCABULARY) == ("sucht",)


def test_the_schema_and_the_longest_answer_are_those_of_the_vocabulary() -> None:
    """Closed values are closed to guided decoding too."""
    properties = json.loads(AnswerSchema(GROCER).of(PromptView.of(Session())))["properties"]
    assert properties["m"]["enum"] == ["wocheneinkauf", "grillfest", "vergleichen", "other"]
    assert properties["a"]["properties"]["kost"]["enum"] == ["vegan", "bio", "laktosefrei"]
    assert list(properties["s"]["properties"]) == ["eile"]
    long = GROCER.model_copy(update={"attributes": {"a": (), "b": (), "c": (), "an-attribute-of-some-words": ()}})
    assert max_tokens(long) > max_tokens(GROCER) > estimate(Answer(mission="wocheneinkauf").write())


@given(sessions())
def test_offering_all_labels_changes_nothing(session: Session) -> None:
    """A list in the settings that names all missions, in their order, is the vocabulary itself."""
    assert rules(session, DEFAULT_VOCABULARY.offering(DEFAULT_VOCABULARY.labels)) == rules(session)


def test_what_a_vocabulary_has_worked_out_is_not_that_of_another() -> None:
    """Labels in another order, of which the first that holds is the mission; and one that is not offered."""
    session = shopper(("search", "gift today"), ("view", KETTLE))
    whole = DEFAULT_VOCABULARY
    told = rules(session, whole).mission.label
    others = [label for label in whole.labels if label != told]
    assert rules(session, whole.offering(others)).mission.label != told
    assert rules(session, whole.offering([*others, told])).mission.label in whole.labels
    assert not whole.offering(["set of two"]).spoken & whole.missions[told].words


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[missions.gift", "is not TOML"),
        ("", "missions: Field required"),
        ("[missions.gift]\nwords = ['gift']", "missions.gift.words"),
        ("[missions.gift]\nwords = { en = 'gift' }", "write a list of words for each language"),
        ("[missions.gift]\nwords = { english = ['gift'] }", "'english' is no language"),
        ("[missions.gift]\nwords = { en = ['birthday gift'] }", "'birthday gift' is not one word"),
        ("[missions.gift]\nshape = 'round'", "missions.gift.shape"),
        ("[missions.gift]\nword = 'gift'", "missions.gift.word: Extra inputs"),
        ("[missions]\n'a, b' = {}", "missions.a, b"),
        ("[missions.gift]\n[attributes]\ncolor = 'red'", "attributes.color"),
        ("[missions.gift]\n[attributes]\ncolor = ['red, blue']", "attributes.color.0"),
        ("[missions.gift]\n[signals.Gift]", "signals.Gift"),
    ],
)
def test_what_is_no_vocabulary_is_refused_by_name(text: str, named: str) -> None:
    """The error says which key of the file is wrong."""
    with pytest.raises(SettingInvalid, match=r"vocabulary\.toml") as refused:
        parse_vocabulary(text)
    assert named in str(refused.value)
