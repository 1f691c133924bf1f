"""Masking: a report keeps its shape, and says nothing that a shopper or seller wrote."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from penchant.operations.inspection.ask import Asked
from penchant.operations.inspection.masking import answer_without_texts, without_texts
from penchant.operations.inspection.shopper_report import ShopperReport
from penchant.settings.root import Settings
from prompts.compose import compose
from prompts.render import PromptRenderer
from prompts.rules import rules
from prompts.view import PromptView
from streams.events.event import Item, ShopperEvent
from streams.sessions.session import Session, SessionRules, fold

SETTINGS, AT_MS = Settings(), 1_700_000_000_000
WORD = "zyqwort"
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)


def reported(before: str, behind: str) -> ShopperReport:
    """The report of a shopper whose title and search have the secret in them."""
    words, session = f"{before} {WORD} {behind}", Session()
    told = [
        ShopperEvent("e1", "ada", "view", AT_MS, (Item("p", title=words, category="home/kettles", brand="Acme"),)),
        ShopperEvent("e2", "ada", "search", AT_MS + 1, query=words),
    ]
    for offset, event in enumerate(told):
        fold(session, event, offset, AT_MS + 1_000, SessionRules())
    view = PromptView.of(session)
    findings = rules(view, SETTINGS.prompts.vocabulary)
    findings = structs.replace(findings, mission=structs.replace(findings.mission, text=words[:140]))
    intent = compose(findings, view, shopper="ada", source="model", position="0:1:0", written_at_ms=AT_MS)
    prompt = PromptRenderer("v1", SETTINGS.prompts, SETTINGS.prompt).render(session)
    return ShopperReport("ada", AT_MS, intent, 1.0, None, 0, session, prompt, None)


@given(texts, texts)
def test_no_word_of_a_title_or_a_search_is_shown(before: str, behind: str) -> None:
    """In the prompt and in the intent, whatever quotes stand in the text; what stands in no quotes stays."""
    seen = reported(before, behind)
    assert seen.prompt is not None
    assert WORD in seen.prompt.text
    shown = without_texts(seen)
    assert shown.prompt is not None
    assert shown.intent is not None
    assert WORD not in shown.prompt.text + shown.intent.dump().decode()
    assert shown.prompt.text.count("\n") == seen.prompt.text.count("\n")
    assert "#2 0m search" in shown.prompt.text
    assert shown.intent.categories == (seen.intent and seen.intent.categories)


def test_an_answer_keeps_its_form_alone() -> None:
    """Codes and names of fields stay, texts go."""
    asked = answer_without_texts(Asked("gpu", "m", '{"m":"other","t":"zyqwort for a gift"}'))
    assert asked.text == '{"m":"xxxxx","t":"xxxxxxx xxx x xxxx"}'
