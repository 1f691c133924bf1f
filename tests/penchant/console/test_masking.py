"""Masking: nothing that a shopper or a shop wrote is left for whoever may not see it."""

from hypothesis import given
from hypothesis import strategies as st

from penchant.console.masking import MASK, masked_findings, masked_prompt
from prompts.library import DEFAULT_PROMPTS
from prompts.render import PromptRenderer
from streams.events.event import Item, ShopperEvent
from streams.records.intents import Attribute, Findings, Mission, Weighted
from streams.sessions.session import Session, SessionRules, fold

TYPED = st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=12, max_size=30)


@given(TYPED, TYPED, st.sampled_from(DEFAULT_PROMPTS.names))
def test_no_prompt_shows_titles_and_searches(title: str, query: str, version: str) -> None:
    """Its fixed part stays as it is."""
    session = Session()
    for offset, event in enumerate(
        [
            ShopperEvent("e1", "ada", "search", 1_000, query=query),
            ShopperEvent("e2", "ada", "view", 2_000, items=(Item("p1", title=title, category="home/kettles"),)),
        ]
    ):
        fold(session, event, offset, 3_000, SessionRules())
    prompt = PromptRenderer(version).render(session).text
    masked = masked_prompt(prompt)
    assert title not in masked
    assert query not in masked
    assert MASK in masked
    assert masked.splitlines()[0] == prompt.splitlines()[0]


def test_a_prompt_of_another_form_is_masked_whole() -> None:
    """A shop's own template may name its parts otherwise."""
    assert masked_prompt('Kunde\n1 sieht "Kessel"') == f'Kunde\n1 sieht "{MASK}"'


def test_an_intent_keeps_codes_and_names_and_loses_texts() -> None:
    """The sentence is made anew of what a list or the catalogue names."""
    found = Findings(
        mission=Mission(label="gift", text="Wants what ada typed"),
        stage="compare",
        categories=(Weighted(name="home/kettles", weight=1.0),),
        attributes=(Attribute(name="color", value="typed", weight=1.0),),
    )
    masked = masked_findings(found)
    assert masked.mission.text == "Compares kettles"
    assert masked.attributes[0].value == MASK
    assert masked.categories == found.categories
