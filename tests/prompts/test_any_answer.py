"""The whole way of an answer: whatever bytes come back, there is an intent that can be written, or a clear refusal."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.answer import parse
from prompts.compose import compose
from prompts.funnel import JUDGED
from prompts.grounding import ground
from prompts.render import PromptRenderer
from prompts.rules import rules
from prompts.vocabulary import DEFAULT_VOCABULARY
from streams.errors import AnswerRefused
from streams.records.intents import Intent, NextAction
from streams.sessions.session import Session
from tests.prompts.shoppers import HOSTILE, sessions, texts

RENDERER = PromptRenderer("v1")
numbers = st.one_of(st.integers(-2, 12), st.integers(), st.floats(), st.just(10**30))
odd = st.one_of(
    numbers, st.none(), st.booleans(), texts, st.lists(numbers, max_size=3), st.dictionaries(texts, numbers, max_size=3)
)
pairs = st.one_of(odd, st.lists(st.one_of(odd, st.lists(numbers, min_size=2, max_size=2)), max_size=4))
members = st.fixed_dictionaries(
    {},
    optional={
        "m": st.one_of(odd, st.sampled_from(DEFAULT_VOCABULARY.labels)),
        "t": odd,
        "c": pairs,
        "b": pairs,
        "a": st.one_of(odd, st.dictionaries(st.sampled_from(list(DEFAULT_VOCABULARY.attributes)), texts)),
        "s": st.one_of(odd, st.dictionaries(st.sampled_from(list(DEFAULT_VOCABULARY.signals)), numbers)),
        "f": st.one_of(odd, st.sampled_from(JUDGED)),
        "p": pairs,
        "n": st.one_of(odd, st.dictionaries(st.sampled_from(list(NextAction.__struct_fields__)), numbers)),
        "k": odd,
        "e": pairs,
    },
)
written = st.one_of(members.map(json.dumps), members.map(lambda answer: json.dumps(answer, ensure_ascii=False)))
cut = st.tuples(written, st.integers(0, 200)).map(lambda drawn: drawn[0][: drawn[1]])
answers = st.one_of(st.binary(), st.text(), written, cut, st.sampled_from(HOSTILE))


def outcome(answer: str | bytes, session: Session) -> Intent | str:
    """What Penchant would write, or why it would not."""
    view = RENDERER.view(session)
    try:
        found = ground(parse(answer, foresees=True), view, rules(view))
    except AnswerRefused as refused:
        return refused.reason
    return compose(found.findings, view, shopper="s", source="model", position="0:1:0", written_at_ms=0)


def holds(made: Intent | str) -> bool:
    """A refusal has one of four reasons, without examples to copy; an intent survives being written and read."""
    if isinstance(made, str):
        return made in {"no-json", "malformed", "truncated", "shape"}
    return Intent.load(made.dump()).dump() == made.dump()


@given(answers, sessions(max_events=8))
def test_any_bytes_are_an_intent_or_refused(answer: str | bytes, session: Session) -> None:
    """There is no other exception, whatever the model says and whatever it was asked about."""
    assert holds(outcome(answer, session))


@pytest.mark.parametrize(
    "answer", ['{"m":"gift","k":1e999}', '{"e":[1e30]}', '{"t":"\\ud800"}', '{"a":{"\\ud800":"x"}}']
)
def test_odd_but_legal_json_is_no_accident(answer: str) -> None:
    """Numbers beyond any, and halves of characters."""
    assert holds(outcome(answer, Session()))
