"""The closed world: whatever a model answers, an intent names nothing that the shopper has not seen."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from prompts.answer import OTHER, Answer
from prompts.funnel import JUDGED
from prompts.grounding import Grounded, ground
from prompts.rules import rules
from prompts.steps import CONFIDENCE_STEP, FACTOR, SIGNAL_STEP
from prompts.view import PromptView
from prompts.vocabulary import DEFAULT_VOCABULARY
from streams.records.intents import Attribute, Findings, Mission, NextAction
from streams.sessions.session import Session
from tests.prompts.shoppers import HOSTILE, KETTLE, OTHER_KETTLE, SHOES, TOASTER, sessions, shopper, texts

ROUNDING = 0.002
FOLLOWING = tuple(NextAction.__struct_fields__)
numbers = st.one_of(st.integers(-2, 12), st.integers())
weights = st.lists(st.tuples(numbers, numbers), max_size=5)
answers = st.builds(
    Answer,
    mission=st.one_of(st.sampled_from(DEFAULT_VOCABULARY.labels), texts),
    text=texts,
    categories=weights,
    brands=weights,
    attributes=st.dictionaries(st.one_of(st.sampled_from(list(DEFAULT_VOCABULARY.attributes)), texts), texts),
    signals=st.dictionaries(st.one_of(st.sampled_from(["gift", "urgency"]), texts), numbers),
    confidence=st.one_of(st.none(), numbers),
    evidence=st.lists(numbers),
    stage=st.one_of(st.none(), st.sampled_from(JUDGED), texts),
    price=st.one_of(st.none(), st.lists(st.one_of(numbers, st.floats(0, 500)), max_size=3).map(tuple)),
    following=st.one_of(st.none(), st.dictionaries(st.one_of(st.sampled_from(FOLLOWING), texts), numbers)),
)


def grounded(answer: Answer, session: Session) -> Grounded:
    """The answer against the session and its rules."""
    return ground(answer, session, rules(session))


SESSION = shopper(("search", "blue kettle"), ("view", KETTLE), ("view", OTHER_KETTLE), ("view", SHOES))


@given(answers, sessions(max_events=15))
def test_the_world_is_closed(answer: Answer, session: Session) -> None:
    """Names, items and events are all from the window; labels from their lists; text is short and clean."""
    found, view = grounded(answer, session).findings, PromptView.of(session)
    assert Findings.load(found.dump()).dump() == found.dump()
    assert {each.name for each in found.categories} <= set(view.categories)
    assert {each.name for each in found.brands} <= set(view.brands)
    assert {each.value for each in found.avoid} <= set(view.products)
    assert set(found.evidence) <= {entry.event_id for entry in view.entries}
    assert found.mission.label in {*DEFAULT_VOCABULARY.labels, OTHER}
    assert {each.name for each in found.attributes} <= set(DEFAULT_VOCABULARY.attributes)
    seen = " ".join((entry.product.title if entry.product else entry.query) for entry in view.entries).casefold()
    assert all(each.value in seen for each in found.attributes)
    assert not {unicodedata.category(character) for character in found.mission.text} & {"Cc", "Cf", "Cs", "Co", "Cn"}


@given(answers, sessions(max_events=15))
def test_numbers_move_within_bounds(answer: Answer, session: Session) -> None:
    """What code counts stays; what a model may move, it moves by a bounded step."""
    found, rule = grounded(answer, session).findings, rules(session)
    assert found.avoid == rule.avoid
    assert 0 <= found.confidence <= rule.confidence + CONFIDENCE_STEP + ROUNDING
    for name, share in found.signals.items():
        assert abs(share - rule.signals[name]) <= SIGNAL_STEP + ROUNDING
    old = {each.name: each.weight for each in rule.categories}
    for each in found.categories:
        if each.name in old:
            most = FACTOR**2 * 1.5  # a step, and what filling the same share again adds
            assert old[each.name] / most - ROUNDING <= each.weight <= old[each.name] * most + ROUNDING


@given(answers, sessions(max_events=15))
def test_what_comes_next_moves_within_bounds(answer: Answer, session: Session) -> None:
    """The stage by one step, each end of the price band and each chance to half or double."""
    found, rule = grounded(answer, session).findings, rules(session)
    if rule.stage in JUDGED:
        assert abs(JUDGED.index(found.stage) - JUDGED.index(rule.stage)) <= 1
    else:
        assert found.stage == rule.stage
    assert sum(structs.astuple(found.next_action)) == pytest.approx(1, abs=0.01)
    for name, chance in structs.asdict(found.next_action).items():
        old = getattr(rule.next_action, name)
        assert old / FACTOR**2 - ROUNDING <= chance <= old * FACTOR**2 + ROUNDING
    if rule.price_band is None or found.price_band is None:
        assert found.price_band == rule.price_band
        return
    ends = (found.price_band.low, rule.price_band.low), (found.price_band.high, rule.price_band.high)
    assert all(old / FACTOR - 0.01 <= new <= old * FACTOR + 0.01 for new, old in ends)
    assert found.price_band.low <= found.price_band.high


def test_numbers_become_names() -> None:
    """Categories, brands and events are told by number and stand by name."""
    answer = Answer(
        mission="research",
        text="Compares blue kettles",
        categories=((1, 10), (2, 1)),
        brands=((2, 9),),
        attributes={"color": "blue", "material": "Steel"},
        signals={"gift": 3},
        confidence=8,
        evidence=(1, 3),
    )
    result = grounded(answer, SESSION)
    found, rule = result.findings, rules(SESSION)
    assert (result.removed, result.abstained) == ((), False)
    assert (found.mission.label, found.mission.text) == ("research", "Compares blue kettles")
    assert [each.name for each in found.categories] == ["home/kitchen/kettles", "sport/shoes"]
    assert found.categories[0].weight > rule.categories[0].weight
    assert found.brands[0].name == "Tarn"
    assert found.attributes == (
        Attribute(name="color", value="blue", weight=0.5),
        Attribute(name="material", value="steel", weight=0.25),
    )
    assert found.signals["gift"] == 0.3
    assert found.evidence == ("event-0", "event-2")


def test_a_level_that_says_the_same_changes_nothing() -> None:
    """Tenths are coarser than what code counts, so an answer that agrees leaves the exact weights."""
    rule = rules(SESSION)
    agreeing = Answer(
        mission="research",
        categories=tuple((at, round(each.weight * 10)) for at, each in enumerate(rule.categories, 1)),
        confidence=round(rule.confidence * 10),
    )
    found = grounded(agreeing, SESSION).findings
    assert (found.categories, found.confidence) == (rule.categories, rule.confidence)


@pytest.mark.parametrize(
    ("answer", "removed"),
    [
        (Answer(mission="world-domination"), ("mission",)),
        (Answer(categories=((9, 5), (0, 5), (-1, 5))), ("category", "category", "category")),
        (Answer(brands=((4, 5),)), ("brand",)),
        (Answer(attributes={"color": "mauve"}), ("attribute",)),
        (Answer(attributes={"color": "lu", "secret": "blue"}), ("attribute", "attribute")),
        (Answer(evidence=(0, 5, -3)), ("evidence", "evidence", "evidence")),
        (Answer(text="https://evil.example"), ("text",)),
        (Answer(signals={"gift": 9}, confidence=9), ()),
        (Answer(), ()),
    ],
)
def test_an_answer_with_nothing_left_is_an_abstention(answer: Answer, removed: tuple[str, ...]) -> None:
    """What is ungrounded is removed and counted; if nothing is left, the rules speak."""
    assert grounded(answer, SESSION) == Grounded(rules(SESSION), removed, abstained=True)


def test_an_answer_that_names_evidence_of_the_window_is_cited() -> None:
    """One event that is there is enough; none, or none that is there, is not."""
    for evidence, cited in (((1,), True), ((0, 1), True), ((), False), ((99,), False)):
        answer = Answer(mission="gift", text="A gift", evidence=evidence)
        assert grounded(answer, SESSION).cited is cited


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(mission="gift", categories=((1, 11),)), "category"),
        (Answer(mission="gift", brands=((1, -1),)), "brand"),
        (Answer(mission="gift", signals={"gift": 99}), "signal"),
        (Answer(mission="gift", signals={"rich": 1}), "signal"),
        (Answer(mission="gift", confidence=11), "confidence"),
        (Answer(mission="gift", text="Call\u202e 0170 1234567"), "text"),
        (Answer(mission="gift", text="\ud800"), "text"),
    ],
)
def test_what_is_out_of_bounds_is_cut_and_counted(answer: Answer, kind: str) -> None:
    """The rest of the answer stands."""
    result = grounded(answer, SESSION)
    assert (result.removed, result.findings.mission.label) == ((kind,), "gift")


def test_a_word_of_what_the_shop_says_is_an_attribute() -> None:
    """It is as good as a title's, where the prompt had it."""
    answer = Answer(attributes={"material": "copper"})
    assert grounded(answer, SESSION).abstained
    view = PromptView.of(SESSION, about=lambda product: "Copper, 1.7 l" if product == "sku-1" else "")
    found = ground(answer, view, rules(view)).findings
    assert found.attributes == (Attribute(name="material", value="copper", weight=0.25),)


def test_the_configured_missions_count() -> None:
    """A label holds if it is on the list that the prompt offered."""
    answer = Answer(mission="camping-trip")
    assert grounded(answer, SESSION).abstained
    offered = ground(answer, SESSION, rules(SESSION), DEFAULT_VOCABULARY.offering(("camping-trip",)))
    assert offered.findings.mission.label == "camping-trip"


def test_numbers_of_a_cut_window_are_those_of_its_prompt() -> None:
    """Event numbers go on after a chunk was dropped, and old ones are no longer evidence."""
    session = shopper(*[("view", KETTLE)] * 21, ("view", TOASTER))
    result = grounded(Answer(mission="gift", evidence=(22, 9)), session)
    assert (result.findings.evidence, result.removed) == (("event-21",), ("evidence",))


@pytest.mark.parametrize("label", ["gift", OTHER])
@pytest.mark.parametrize(
    "text",
    ["Compares blue trail running shoes", "A kettle by Samsung", "A kettle under 1000 EUR", "A blue kettle, 70 USD"],
)
def test_a_text_that_nothing_bears_out_is_replaced(label: str, text: str) -> None:
    """The rules' text stands in for one with a foreign thing, brand, price or currency; the label stands."""
    result = grounded(Answer(mission=label, text=text), SESSION)
    assert result.findings.mission == Mission(label=label, text=rules(SESSION).mission.text)
    assert (result.removed, result.abstained) == (("text",), False)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_parrot_moves_nothing_but_text(hostile: str) -> None:
    """A model that repeats a hostile title as its mission changes the text, bounded and cleaned, and nothing else."""
    honest = grounded(Answer(mission="gift", text="A kettle"), SESSION).findings
    parrot = grounded(Answer(mission="gift", text=hostile * 9), SESSION).findings
    assert structs.replace(parrot, mission=honest.mission) == honest
    assert len(parrot.mission.text) <= 140
    assert "<" not in parrot.mission.text
