"""The schema of an answer says what the reader reads, and has no number that the prompt has not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.answer import Answer, parse
from prompts.grounding import ground
from prompts.render import PromptRenderer
from prompts.rules import rules
from prompts.schema import AnswerSchema, max_tokens
from prompts.tokens import estimate
from prompts.view import PromptView
from prompts.vocabulary import DEFAULT_VOCABULARY
from streams.sessions.session import Session
from tests.prompts.shoppers import KETTLE, OTHER_KETTLE, SHOES, sessions, shopper

FEW = DEFAULT_VOCABULARY.offering(("gift", "research"))
SESSION = shopper(("search", "blue kettle"), ("view", KETTLE), ("view", OTHER_KETTLE), ("view", SHOES))


def drawn(schema: dict[str, Any]) -> st.SearchStrategy:
    """Any document that a schema of the kinds that we write allows."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "string":
        return st.text(max_size=schema["maxLength"])
    if schema["type"] == "integer":
        return st.integers(schema["minimum"], schema["maximum"])
    if "prefixItems" in schema:
        return st.tuples(*map(drawn, schema["prefixItems"])).map(list)
    if schema["type"] == "array":
        return st.lists(drawn(schema["items"]), min_size=schema["minItems"], max_size=schema["maxItems"])
    fields = {name: drawn(field) for name, field in schema["properties"].items()}
    required = {name: fields.pop(name) for name in schema["required"]}
    return st.fixed_dictionaries(required, optional=fields)


def properties(session: Session, *, foresees: bool = False) -> dict[str, Any]:
    """What the schema for a session's prompt has, by key."""
    found: dict[str, Any] = json.loads(AnswerSchema(FEW, foresees=foresees).of(PromptView.of(session)))["properties"]
    return found


@pytest.mark.parametrize("foresees", [False, True])
@given(st.data(), sessions(max_events=12))
def test_whatever_the_schema_allows_is_read_whole_and_holds(
    foresees: bool,  # noqa: FBT001 # a parameter of the test
    data: st.DataObject,
    session: Session,
) -> None:
    """Schema, reader and grounding are of one mind: no number of a guided answer is out of bounds."""
    view = PromptView.of(session)
    document = data.draw(drawn(json.loads(AnswerSchema(FEW, foresees=foresees).of(view))))
    answer = parse(json.dumps(document), foresees=foresees)
    assert json.loads(answer.write()) == {"b": [], "a": {}, "s": {}, **document}
    removed = ground(answer, view, rules(view), FEW).removed
    assert not {"category", "brand", "evidence", "confidence", "signal", "stage", "next"} & set(removed)


def test_numbers_are_those_of_the_prompt() -> None:
    """Two categories, three brands, four events, and a price of at most four times the dearest."""
    found = properties(SESSION, foresees=True)
    assert [found[key]["items"]["prefixItems"][0]["maximum"] for key in "cb"] == [2, 3]
    assert (found["e"]["items"]["minimum"], found["e"]["items"]["maximum"]) == (1, 4)
    assert found["p"]["items"] == {"type": "integer", "minimum": 0, "maximum": 480}
    cut = shopper(*[("view", KETTLE)] * 21)
    assert PromptView.of(cut).dropped
    assert properties(cut)["e"]["items"]["minimum"] == PromptView.of(cut).dropped + 1


def test_without_names_and_prices_there_are_none_to_name() -> None:
    """An empty list is all that a guided model can write then."""
    found = properties(shopper(("search", "kettle")), foresees=True)
    assert [found[key]["maxItems"] for key in "cb"] == [0, 0]
    assert "p" not in found


def test_the_renderer_sends_the_schema_of_its_prompt() -> None:
    """With every prompt, without whitespace; a template that does not ask for more has none of it."""
    plain, foreseeing = (PromptRenderer(name).render(SESSION).json_schema for name in ("v1", "v4"))
    assert " " not in plain.replace('"home & garden"', "")
    assert {"f", "p", "n"} & json.loads(plain)["properties"].keys() == set()
    assert {"f", "p", "n"} < json.loads(foreseeing)["properties"].keys()


@pytest.mark.parametrize("foresees", [False, True])
@pytest.mark.parametrize("missions", [("gift",), DEFAULT_VOCABULARY.labels])
def test_the_limit_leaves_room_for_the_longest_answer(
    missions: tuple[str, ...],
    foresees: bool,  # noqa: FBT001 # a parameter of the test
) -> None:
    """Of all fields at once, and not for twice of it."""
    whole = Answer(
        mission=max(missions, key=len),
        text="Compares lightweight waterproof trail running shoes between eighty and a hundred and twenty euros",
        stage="explore" if foresees else None,
        price=(1280, 1350) if foresees else None,
        following={"view": 6, "search": 2, "cart": 1, "purchase": 10, "leave": 2} if foresees else None,
        categories=((12, 10), (3, 7), (20, 1)),
        brands=((12, 10), (3, 7), (20, 1)),
        attributes={"color": "midnight blue and silver", "material": "recycled polyester mesh", "use": "trail running"},
        signals={"urgency": 10, "gift": 3, "seasonal": 8},
        confidence=10,
        evidence=(101, 117, 120, 133),
    )
    most = max_tokens(DEFAULT_VOCABULARY.offering(missions), foresees=foresees)
    assert estimate(whole.write()) < most < 2 * estimate(whole.write())


def test_the_schema_lists_what_may_be_said() -> None:
    """Missions, attributes and signals are closed lists, and so are the keys."""
    found = properties(SESSION, foresees=True)
    assert found["m"]["enum"] == ["gift", "research", "other"]
    assert set(found["a"]["properties"]) == set(DEFAULT_VOCABULARY.attributes)
    assert set(found["s"]["properties"]) == set(DEFAULT_VOCABULARY.signals)
    whole = Answer(stage="explore", price=(1, 2), following={}, confidence=1)
    assert list(found) == list(json.loads(whole.write()))
