"""Any text at all is an answer or a clear refusal."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.answer import PARROTED, STOP, Answer, parse
from streams.errors import AnswerRefused

WHOLE = (
    '{"m":"gift","t":"Wants a kettle","c":[[1,9],[2,1]],"b":[[1,7]],'
    '"a":{"color":"blue"},"s":{"gift":8},"k":7,"e":[1,4]}'
)
PARSED = Answer(
    mission="gift",
    text="Wants a kettle",
    categories=((1, 9), (2, 1)),
    brands=((1, 7),),
    attributes={"color": "blue"},
    signals={"gift": 8},
    confidence=7,
    evidence=(1, 4),
)


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        WHOLE.encode(),
        "\n\n  " + WHOLE + "\n\n\n   \t\n",
        "```json\n" + WHOLE + "\n```",
        "Answer: " + WHOLE + ' Shopper\nBefore: nothing known\n{"m":"other"}',
        WHOLE.replace(",", " ,\n\t").replace('":', '" : '),
        WHOLE.replace('"k":7', '"k":7.0,"x":[{"unknown":null}]'),
    ],
)
def test_reads_an_answer_whatever_surrounds_it(text: str | bytes) -> None:
    """Whitespace, code fences, a second answer, unknown keys: the first object counts."""
    assert parse(text) == PARSED


@pytest.mark.parametrize(
    "before",
    [
        "<think>\nThe shopper {maybe} wants a kettle.\n</think>\n\n",
        '<think>{"m":"other","k":1} or {}?</think>',
        'They may be {researching}. First draft: {"m":"other","t":"?"}\nAnswer: ',
        'no opening tag, as some templates write it into the prompt {"m":"other"}</think>',
        '[THINK]{"m":"other"}[/THINK]',
        '<|channel|>analysis<|message|>{"m":"other"}<|end|><|channel|>final<|message|>',
        "<THINKING>{</THINKING>",
        "{" * 20,
    ],
)
def test_the_answer_is_what_stands_after_the_thoughts(before: str) -> None:
    """Thoughts and drafts with braces of their own are no answer."""
    assert parse(before + WHOLE) == PARSED
    assert parse(before + WHOLE[:-1]).mission == "gift"


@pytest.mark.parametrize("text", ["<think>", '<think>\nPerhaps {"m":"gift"}', "[THINK] {}", "<reasoning>{{{"])
def test_thoughts_without_end_are_no_answer(text: str) -> None:
    """A model that was cut off while it thought has said nothing."""
    with pytest.raises(AnswerRefused, match="no-json"):
        parse(text)


def test_writes_what_it_reads() -> None:
    """The written form is the compact one."""
    assert PARSED.write() == WHOLE
    assert parse(Answer(mission="other").write()) == Answer()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (WHOLE[:-1], PARSED),
        (WHOLE[: WHOLE.index('"e"') + 8], PARSED.model_copy(update={"evidence": (1,)})),
        (WHOLE[: WHOLE.index('"e"') + 6], PARSED.model_copy(update={"evidence": ()})),
        (WHOLE[: WHOLE.index('"c"') + 12], Answer(mission="gift", text="Wants a kettle", categories=((1, 9),))),
        ('{"m":"gift","a":{"color":"blue","use":"tra', Answer(mission="gift", attributes={"color": "blue"})),
        (WHOLE[: WHOLE.index('"c"') + 9], Answer(mission="gift", text="Wants a kettle")),
        ('{"m":"gift","t":"a \\"quoted, {odd} text', Answer(mission="gift")),
        ('{"m":"gift"  ,   \n\n\n\n', Answer(mission="gift")),
    ],
)
def test_a_cut_off_answer_keeps_its_complete_members(text: str, kept: Answer) -> None:
    """What the token limit cut off is closed after the last complete member."""
    assert parse(text) == kept


@pytest.mark.parametrize("end", range(WHOLE.index(",") + 1, len(WHOLE)))
def test_whatever_is_cut_off_nothing_else_is_said(end: int) -> None:
    """Wherever an answer ends, what is left of it is the beginning of what it said: no half numbers or words."""
    left = parse(WHOLE[:end])
    assert left.mission == "gift"
    assert left.text in ("", PARSED.text)
    assert left.confidence in (None, PARSED.confidence)
    for field in ("categories", "brands", "evidence"):
        whole = getattr(PARSED, field)
        assert getattr(left, field) in [whole[:size] for size in range(len(whole) + 1)]
    assert left.attributes in ({}, PARSED.attributes)
    assert left.signals in ({}, PARSED.signals)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no-json"),
        ("I cannot help with that.", "no-json"),
        (" \n" * 3_000 + WHOLE, "no-json"),
        ("{'m': 'gift'}", "malformed"),
        ('{"m":"gift"}'.replace('"gift"', "gift"), "malformed"),
        ('{"m":"gi', "truncated"),
        ("{" * 3_000, "truncated"),
        ('{"a":' + "[" * 3_000, "truncated"),
        ('{"m":7}', "shape"),
        ('{"c":[[1]]}', "shape"),
        ('{"k":"high"}', "shape"),
        ('{"k":NaN}', "shape"),
        (b"\x80\xff", "no-json"),
    ],
)
def test_refuses_what_is_no_answer(text: str | bytes, reason: str) -> None:
    """The reason is one word, and the message repeats nothing that the model wrote."""
    with pytest.raises(AnswerRefused) as refused:
        parse(text)
    assert refused.value.reason == reason
    assert "gi" not in refused.value.detail


EXAMPLES = [Answer(text="Compares blue shoes")]


@pytest.mark.parametrize("text", ["Compares blue shoes", " compares  BLUE shoes. ", '"Compares blue shoes"'])
def test_refuses_a_copy_of_an_example(text: str) -> None:
    """Also one that differs in case, space or what stands around its words: it tells of another shopper."""
    copied = Answer(mission="gift", text=text, evidence=(1,)).write()
    with pytest.raises(AnswerRefused) as refused:
        parse(copied, EXAMPLES)
    assert refused.value.reason == PARROTED
    assert parse(copied, [Answer(text="Compares red shoes")]).text == text


def test_an_answer_without_words_is_no_copy() -> None:
    """It repeats nothing."""
    assert parse(Answer(mission="gift").write(), EXAMPLES).mission == "gift"


@pytest.mark.parametrize(
    ("text", "numbers", "refused"),
    [
        ("Compare blue shoe up to 120 EUR", 0, True),
        ("Compares blue shoes up to 90 EUR", 0, False),
        ("Compares blue running shoes", 0, False),
        ("Restocks cat food", 3, False),
        ("Restocks cat food", 4, True),
        ("", 4, True),
    ],
)
def test_refuses_an_example_in_other_grammar_or_with_other_words(text: str, numbers: int, refused: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """A small model copies with a letter off, or puts words of its own before the example's numbers. Three that
    are equal may be chance, and so may be two words of three."""
    example = Answer(
        text="Compares blue shoes up to 120 EUR",
        categories=((1, 9), (2, 1)),
        brands=((1, 7), (2, 3)),
        confidence=7,
        evidence=(1, 4, 6),
    )
    of_example = [(name, getattr(example, name)) for name in ("categories", "brands", "confidence", "evidence")]
    said = Answer(mission="gift", text=text).model_copy(update=dict(of_example[:numbers])).write()
    if not refused:
        assert parse(said, [example]).text == text
        return
    with pytest.raises(AnswerRefused) as why:
        parse(said, [example])
    assert why.value.reason == PARROTED


@given(
    st.one_of(
        st.text(),
        st.binary(),
        st.text(alphabet='{}[]",:\\ mtcbaske0123456789.-eE\n'),
        st.integers(0, len(WHOLE)).map(lambda end: WHOLE[:end]),
        st.recursive(st.none() | st.floats() | st.text(), lambda inner: st.dictionaries(st.text(), inner)).map(
            lambda value: json.dumps({"m": value, "c": value, "s": value, "e": [value]})
        ),
    )
)
def test_any_text_is_an_answer_or_refused(text: str | bytes) -> None:
    """Nothing but AnswerRefused is raised, and its reason is one of four."""
    outcome: Answer | str
    try:
        outcome = parse(text)
    except AnswerRefused as refused:
        outcome = refused.reason
    assert isinstance(outcome, Answer) or outcome in {"no-json", "malformed", "truncated", "shape"}


@pytest.mark.parametrize("indent", [None, 1, 2, 4])
def test_no_stop_word_stands_in_a_sound_answer(indent: int | None) -> None:
    """Indented or not; and whitespace without end has one soon."""
    pretty = json.dumps(json.loads(WHOLE), indent=indent)
    assert not [word for word in STOP if word in pretty]
    assert parse(pretty) == PARSED
    for runaway in ("\n" * 20, " " * 20, "\t" * 20, " \n" * 20, "\n  \n   \n" * 9 + " " * 20):
        assert [word for word in STOP if word in runaway]


def test_what_the_prompt_did_not_ask_for_is_not_read() -> None:
    """A model that volunteers a stage, a price or what comes next, in whatever form, is read as if it had not."""
    said = WHOLE.removesuffix("}") + ',"f":"decide","p":"cheap","n":"view"}'
    assert parse(said) == PARSED
    with pytest.raises(AnswerRefused):
        parse(said, foresees=True)


def test_what_it_asked_for_is_read() -> None:
    """A price range that was cut off is half a range, and no reason to refuse the rest."""
    whole = '{"m":"gift","f":"decide","p":[12.5,20],"n":{"purchase":3}}'
    read = parse(whole, foresees=True)
    assert (read.stage, read.price, read.following) == ("decide", (12.5, 20), {"purchase": 3})
    assert json.loads(read.write()) | json.loads(whole) == json.loads(read.write())
    assert parse(whole[: whole.index("20")], foresees=True).price == (12.5,)
