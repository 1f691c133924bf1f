"""Conversions: each session counts once for its arm, and once for each outcome."""

from agents.experiments.active_experiments import ActiveExperiments
from agents.experiments.assignment import Arm, Experiment, treatment
from agents.experiments.outcomes import Outcomes
from agents.experiments.value import LiftRules
from agents.worker.conversions import SessionConversions
from streams.events.event import Action, Item, ShopperEvent
from streams.sessions.session import Session, SessionRules, fold

TRIED = Experiment("new-model", (Arm("canary", 50.0), Arm("nothing", 10.0, kind="holdout")))
MINUTE_MS = 60_000
UNSAID = LiftRules()


def counted(
    events: list[tuple[int, str, Action]], *, in_force: bool = True, rules: LiftRules = UNSAID
) -> dict[tuple[str, str], int]:
    """What these events come to: minute, shopper and action of each."""
    active_experiments, outcomes = ActiveExperiments([TRIED]), Outcomes()
    if in_force:
        active_experiments.learn({})
    conversions, sessions = SessionConversions(active_experiments, outcomes, rules), dict[str, Session]()
    for offset, (minute, shopper, action) in enumerate(events):
        items = (Item("sku-1", "Kettle", "home", "Tarn", 60.0, "EUR"),) * 2 if action == "purchase" else ()
        event = ShopperEvent(f"e{offset}", shopper, action, minute * MINUTE_MS, items=items)
        session = sessions.setdefault(shopper, Session())
        fold(session, event, offset, event.time_ms, SessionRules())
        conversions.note(None, event, session)
    return {(arm, what): count for ((_, arm), what), count in outcomes.take_sessions().items()}


def somebody(arm: str | None) -> str:
    """A shopper of that arm; None: of the control."""
    names = (f"shopper-{number}" for number in range(1_000))
    return next(name for name in names if getattr(treatment(TRIED, name), "name", None) == arm)


def test_an_outcome_counts_once_a_session() -> None:
    """And again in the next session; what is no outcome counts for nothing."""
    ada = somebody("canary")
    events: list[tuple[int, str, Action]] = [
        (0, ada, "view"), (1, ada, "click"), (2, ada, "click"), (3, ada, "cart_add"), (4, ada, "purchase"),
        (5, ada, "purchase"), (500, ada, "cart_add"),
    ]  # fmt: skip
    assert counted(events) == {
        ("canary", "sessions"): 2, ("canary", "clicked"): 1, ("canary", "carted"): 2, ("canary", "purchased"): 1,
    }  # fmt: skip


def test_everybody_who_is_assigned_counts() -> None:
    """Whoever gets no intent too, and the control."""
    people = {arm: somebody(arm) for arm in ("canary", "nothing", None)}
    events: list[tuple[int, str, Action]] = [(0, who, "cart_add") for who in people.values()]
    names = ("canary", "nothing", "control")
    assert counted(events) == {(name, what): 1 for name in names for what in ("sessions", "carted")}


def test_nothing_is_counted_while_no_experiment_is_in_force() -> None:
    """A worker that has not heard from the fleet yet has none."""
    assert counted([(0, "ada", "purchase")], in_force=False) == {}


def test_a_session_counts_by_what_it_bought() -> None:
    """Two orders of two kettles of 60 each are one session of 240, not two of 120; a later one is another."""
    ada = somebody("canary")
    events: list[tuple[int, str, Action]] = [(0, ada, "purchase"), (1, ada, "purchase"), (500, ada, "purchase")]
    found = counted(events, rules=LiftRules("EUR"))
    assert found["canary", "value"] == (240 + 120) * 100
    assert found["canary", "value_squares"] == 240**2 + 120**2
    assert not any("value" in what for _, what in counted(events))
    assert not any("value" in what for _, what in counted(events, rules=LiftRules("USD")))


def test_one_order_does_not_decide() -> None:
    """A session counts for no more than is set."""
    events: list[tuple[int, str, Action]] = [(minute, somebody(None), "purchase") for minute in range(3)]
    found = counted(events, rules=LiftRules("EUR", 150.0))
    assert (found["control", "value"], found["control", "value_squares"]) == (150 * 100, 150**2)
