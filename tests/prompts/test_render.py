"""A prompt shows the session, shares its beginning with the one before, and cannot be forged from within."""

import hashlib
import re
from importlib import resources
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from prompts.library import DEFAULT_PROMPTS, PromptLibrary
from prompts.reading import known, offered, others, read
from prompts.render import PromptRenderer
from prompts.view import PromptView
from prompts.vocabulary import DEFAULT_VOCABULARY
from streams.errors import SettingInvalid
from streams.events.event import Item
from streams.sessions.session import Session
from tests.prompts.shoppers import HOSTILE, KETTLE, OTHER_KETTLE, TOASTER, folded, sessions, shopper, steps

RENDERER = PromptRenderer("v1")
SUFFIX = "\nAnswer:"


def history(session: Session) -> str:
    """The part of the prompt that is about this shopper."""
    return RENDERER.render(session).text.rpartition("\nShopper\n")[2]


def shown_again(renderer: PromptRenderer, prompt: str) -> str:
    """The prompt of what was read from a prompt."""
    about = known(prompt)
    view = PromptView.of(read(prompt), about=lambda product: about.get(product, ""))
    return renderer.render(structs.replace(view, others=others(prompt))).text


def test_tells_a_session_line_by_line() -> None:
    """A product is described where it first appears, then named; its news are told where they come."""
    cheaper = Item("sku-1", price=79.99, currency="EUR", quantity=2)
    session = shopper(
        ("search", 'a "quiet" kettle'),
        ("view", KETTLE),
        ("view", OTHER_KETTLE),
        ("view", TOASTER),
        ("cart_add", Item("sku-1")),
        ("cart_add", cheaper),
        ("checkout", None),
    )
    assert history(session) == (
        "Before: nothing known\n"
        '#1 0m search "a \\"quiet\\" kettle"\n'
        '#2 0m view p1 "Quiet kettle, blue" c1 "home/kitchen/kettles" b1 "Fernhill" 89 EUR\n'
        '#3 0m view p2 "Steel kettle" c1 b2 "Tarn" 60 EUR\n'
        '#4 1m view p3 "Toaster" c2 "home/kitchen/toasters" b2 45 EUR\n'
        "#5 1m cart_add p1\n"
        "#6 1m cart_add p1 79.99 EUR x2\n"
        "#7 2m checkout"
        "\nAnswer:"
    )


def test_tells_what_came_before() -> None:
    """Closed sessions and dropped lines are told as counts, ahead of the lines."""
    session = shopper(*[("view", KETTLE)] * 3)
    folded([("purchase", [TOASTER], None, 3_600_000)] + [("view", [TOASTER], None, 1_000)] * 20, session)
    assert history(session).splitlines()[:3] == [
        'Before: 1 sessions, 0 purchases; categories "home/kitchen/kettles" 3; brands "Fernhill" 3',
        'Earlier: 9 lines, 1 purchases; categories "home/kitchen/toasters" 9; brands "Tarn" 9',
        '#10 0m view p1 "Toaster" c1 "home/kitchen/toasters" b1 "Tarn" 45 EUR',
    ]


@given(sessions())
def test_what_is_rendered_reads_back(session: Session) -> None:
    """The prompt of what was read from a prompt is the same prompt: nothing is lost, nothing is forged."""
    text = RENDERER.render(session).text
    again = read(text)
    assert RENDERER.render(again).text == text
    assert again.height == session.height


@given(sessions(max_events=12), st.lists(steps, min_size=1, max_size=4))
def test_appending_keeps_everything_up_to_the_suffix(session: Session, more: list[Any]) -> None:
    """Unless the window is cut or a new session begins, the next prompt begins with all of this one but its suffix."""
    before, origin_ms, dropped = RENDERER.render(session).text, session.origin_ms, session.dropped
    events = session.events
    folded(more, session)
    after = RENDERER.render(session).text
    if events and (session.origin_ms, session.dropped) == (origin_ms, dropped):
        assert after.startswith(before.removesuffix(SUFFIX))


def test_a_growing_session_renders_the_same_beginning() -> None:
    """Over a long session the beginning changes only when a chunk is dropped, not with every event."""
    session = Session()
    texts = []
    for _ in range(60):
        folded([("view", [KETTLE], None, 1_000)], session)
        texts.append(RENDERER.render(session).text.removesuffix(SUFFIX))
    assert sum(not after.startswith(before) for before, after in pairwise(texts)) == 5


LINES = {"sku-1": "1.7 l, quiet at 40 dB", "sku-2": "", "sku-4": 'Two slots, "wide"'}
KNOWING = PromptRenderer("v2", about=lambda product: LINES.get(product, ""))


def test_tells_what_the_shop_says_of_a_product_once() -> None:
    """A line of its own, below the one where the product first stands."""
    session = shopper(("view", KETTLE), ("view", OTHER_KETTLE), ("view", KETTLE), ("cart_add", TOASTER))
    assert KNOWING.render(session).text.rpartition("\nShopper\n")[2].splitlines()[1:] == [
        '#1 0m view p1 "Quiet kettle, blue" c1 "home/kitchen/kettles" b1 "Fernhill" 89 EUR',
        'p1: "1.7 l, quiet at 40 dB"',
        '#2 0m view p2 "Steel kettle" c1 b2 "Tarn" 60 EUR',
        "#3 0m view p1",
        '#4 1m cart_add p3 "Toaster" c2 "home/kitchen/toasters" b2 45 EUR',
        'p3: "Two slots, \\"wide\\""',
        "Answer:",
    ]


@given(sessions(max_events=12), st.lists(steps, min_size=1, max_size=4), st.sampled_from(HOSTILE))
def test_what_the_shop_says_keeps_the_beginning_and_reads_back(session: Session, more: list[Any], hostile: str) -> None:
    """Once said it stays where it is; it is cleaned like any other text, and no line of it is an event."""
    renderer = PromptRenderer("v2", about=lambda product: LINES.get(product, hostile))
    before, dropped, events = renderer.render(session).text, session.dropped, session.events
    origin_ms, height = session.origin_ms, session.height
    assert shown_again(renderer, before) == before
    assert read(before).height == height
    assert "<" not in before.rpartition("\nShopper\n")[2]
    folded(more, session)
    if events and (session.origin_ms, session.dropped) == (origin_ms, dropped):
        assert renderer.render(session).text.startswith(before.removesuffix(SUFFIX))


def test_a_version_that_says_nothing_of_it_is_a_wrong_setting() -> None:
    """A model would not know what those lines are."""
    with pytest.raises(SettingInvalid, match="v2"):
        PromptRenderer("v1", about=lambda _: "")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_title_stays_in_its_quotes(hostile: str) -> None:
    """A title changes its own quoted text and not one character around it."""
    benign = history(shopper(("view", OTHER_KETTLE), ("view", KETTLE), ("cart_add", KETTLE)))
    evil = Item("sku-1", hostile, KETTLE.category, KETTLE.brand, KETTLE.price, KETTLE.currency)
    attacked = history(shopper(("view", OTHER_KETTLE), ("view", evil), ("cart_add", evil)))
    assert re.sub(r'(p2) "(?:[^"\\]|\\.)*"', r"\1", attacked) == re.sub(r'(p2) "[^"]*"', r"\1", benign)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("field", ["category", "brand", "query"])
def test_no_field_can_fake_a_line(field: str, hostile: str) -> None:
    """Two events make two event lines, whatever their text."""
    texts: dict[str, Any] = {field: hostile}
    item = Item("sku-1", **texts) if field != "query" else None
    session = folded([("view", [item] if item else [], hostile, 0), ("cart_view", [], None, 0)])
    lines = history(session).splitlines()
    assert [line.split()[0] for line in lines] == ["Before:", "#1", "#2", "Answer:"]


@given(sessions())
def test_a_prompt_has_no_chat_tokens(session: Session) -> None:
    """No text of the shop can open or close a turn of a chat template."""
    assert "<" not in history(session)


def test_the_prefix_is_constant() -> None:
    """Two shoppers share everything up to their own lines."""
    one, other = (RENDERER.render(shopper(("view", item))).text for item in (KETTLE, TOASTER))
    assert one.rpartition("\nShopper\n")[0] == other.rpartition("\nShopper\n")[0]


@pytest.mark.parametrize("labels", [DEFAULT_VOCABULARY.labels, ("my-own",), ("my-own", "other")])
def test_offers_the_configured_missions(labels: tuple[str, ...]) -> None:
    """The prompt offers the configured labels and `other`, once, and its example uses one of them."""
    text = PromptRenderer("v1", PromptLibrary(missions=labels)).render(Session()).text
    assert offered(text) == tuple(dict.fromkeys((*labels, "other")))
    assert re.findall(r'"m":"([^"]+)"', text)[0] in offered(text)


@pytest.mark.parametrize("version", DEFAULT_PROMPTS.names)
def test_the_example_is_what_the_renderer_writes(version: str) -> None:
    """The example session of a template looks exactly like a shopper's."""
    renderer = PromptRenderer(version)
    for part in renderer.render(Session()).text.split("\nShopper\n")[1:-1]:
        example = part.partition("\nAnswer:")[0]
        again = shown_again(renderer, "\nShopper\n" + example)
        assert again.rpartition("\nShopper\n")[2] == example + SUFFIX


@pytest.mark.parametrize("version", DEFAULT_PROMPTS.names)
def test_the_texts_of_a_templates_examples_are_known(version: str) -> None:
    """A small model likes to repeat them: the one for such models has none. Where there are several they are unlike,
    each with a mission of its own."""
    examples = DEFAULT_PROMPTS.template(version).examples
    assert all(example.text for example in examples)
    assert len({example.mission for example in examples}) == len(examples) == {"v3": 3, "v4-plain": 0}.get(version, 1)


def test_a_changed_template_needs_a_new_version() -> None:
    """Each version's file is the one whose sha256 is recorded: write v2.txt instead of changing v1.txt."""
    folder = resources.files("prompts") / "templates"
    recorded = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    actual = [
        f"{hashlib.sha256((folder / f'{version}.txt').read_bytes()).hexdigest()}  {version}.txt"
        for version in DEFAULT_PROMPTS.names
    ]
    assert sorted(actual) == sorted(recorded)


def test_an_unknown_version_is_a_wrong_setting() -> None:
    """The error names the versions that there are."""
    with pytest.raises(SettingInvalid, match="v1"):
        PromptRenderer("../v1")


@given(st.one_of(st.text(), st.lists(st.sampled_from(HOSTILE)).map("\n".join)))
def test_any_text_reads_as_a_session(text: str) -> None:
    """Reading takes any text at all, and what it makes renders again."""
    for prompt in (text, "\nShopper\n" + text):
        assert RENDERER.render(read(prompt)).text


@pytest.mark.parametrize(
    "line",
    [
        '#1 0m view p1 "\\q" c1 c2 b9 12 EUR',
        "#1 99999999m view",
        '#7 0m view "a" "b" p1',
        "Before: 9 sessions, 9 purchases; x",
    ],
)
def test_odd_lines_read_as_far_as_they_go(line: str) -> None:
    """Lines that no renderer wrote do no harm."""
    assert RENDERER.render(read("\nShopper\n" + line)).text


def test_a_world_does_not_move_with_its_session() -> None:
    """What was taken for a call stays, though the session folds on."""
    session = shopper(("view", KETTLE))
    view = PromptView.of(session)
    before = RENDERER.render(view).text
    folded([("view", [TOASTER], None, 1_000)], session)
    assert RENDERER.render(view).text == before != RENDERER.render(session).text
    assert PromptView.of(view) is view
