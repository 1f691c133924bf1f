"""An intent is findings and their bookkeeping."""

from hypothesis import given
from hypothesis import strategies as st

from prompts.compose import compose
from prompts.learned.foresight import Foresight
from prompts.learned.snapshot import Snapshot, snapshot
from prompts.rules import rules
from prompts.view import PromptView
from streams.events.event import Item
from streams.records.intents import Findings, Intent, Waits, Window
from streams.sessions.session import Session
from tests.prompts.learned import stream
from tests.prompts.shoppers import KETTLE, START_MS, folded, items, sessions, shopper

ENOUGH = 30
"""So many shoppers support what they all do."""


def taught(visit: list[Item]) -> Snapshot:
    """What a crowd teaches that looks at these items."""
    return snapshot(stream.totals(stream.taught(stream.crowd("crowd", ENOUGH, visit))), START_MS)


foresights = st.lists(items, min_size=1, max_size=3).map(taught).map(Foresight)


def test_an_intent_says_what_it_was_made_from() -> None:
    """The window, the latest event time and the position are those of the session as it stood."""
    session = shopper(("view", KETTLE), ("view", KETTLE))
    view, found = PromptView.of(session), rules(session)
    folded([("view", [KETTLE], None, 1_000)], session)
    intent = compose(
        found,
        view,
        shopper="shopper",
        source="model",
        position="0:1:0",
        written_at_ms=START_MS + 90_000,
        model="simulated",
        replica="triton-0:8001",
        prompt_version="v1",
        waits=Waits(queue_ms=3),
    )
    assert (intent.model, intent.replica) == ("simulated", "triton-0:8001")
    assert intent.window == Window(from_ms=START_MS + 20_000, to_ms=START_MS + 40_000, events=2)
    assert (intent.as_of_ms, intent.position, intent.shopper) == (START_MS + 40_000, "0:1:0", "shopper")
    assert Findings(**{name: getattr(intent, name) for name in Findings.__struct_fields__}) == found
    assert Intent.load(intent.dump()) == intent


def test_an_early_event_widens_the_window() -> None:
    """An event that came late but belongs to the session may be the window's first."""
    session = folded([("view", [KETTLE], None, 0), ("view", [KETTLE], None, -60_000)])
    intent = compose(rules(session), session, shopper="s", source="rules", position="0:1:0", written_at_ms=START_MS)
    assert (intent.window.from_ms, intent.window.to_ms) == (START_MS - 60_000, START_MS)


@given(sessions(max_events=12), st.none() | foresights)
def test_what_is_written_can_be_read_back(session: Session, learned: Foresight | None) -> None:
    """Whatever is in the session and in what others taught: no bound is checked where an intent is made, and each is
    where it is read."""
    found = rules(session, learned=learned)
    intent = compose(found, session, shopper="s", source="rules", position="0:1:0", written_at_ms=START_MS)
    assert Intent.load(intent.dump()) == intent
