"""Call ages: which calls wait in their server's line, whatever happens."""

from hypothesis import given
from hypothesis import strategies as st

from clients.limits.call_ages import BegunCall, CallAges

steps = st.lists(st.tuples(st.sampled_from(["sent", "first", "answered", "ended"]), st.integers(0, 30)), max_size=120)


def usual(ages: CallAges, first_s: float, call_s: float) -> None:
    """One call took so long until its first token, and as a whole."""
    trial = BegunCall(0.0, 1, 0)
    ages.sent(trial, 0.0)
    ages.first_token(trial, first_s)
    ages.answered(trial, call_s, 0.0)


def test_nothing_is_overdue_before_an_answer() -> None:
    """Nobody knows how long a call takes."""
    ages = CallAges()
    ages.sent(BegunCall(0.0, 1, 0), 0.0)
    assert (ages.patience_s, ages.overdue(1e6)) == (None, 0)


def test_a_call_is_overdue_by_the_first_token_and_the_whole_call() -> None:
    """Twice the usual time to the first token, and a quarter of a call; waiting counts for neither."""
    ages = CallAges()
    usual(ages, 0.1, 1.0)
    waited = BegunCall(0.0, 1, 0)
    ages.sent(waited, 0.0)
    ages.first_token(waited, 5.1)
    ages.answered(waited, 6.0, 5.0)
    ages.sent(BegunCall(0.0, 1, 0), 10.0)
    assert (ages.overdue(10.44), ages.overdue(10.46)) == (0, 1)


@given(steps)
def test_only_calls_that_no_later_one_has_overtaken_wait(course: list[tuple[str, int]]) -> None:
    """Of whatever order: those in line were sent after the last call of which something came, and are under way."""
    ages, sent, model = CallAges(), list[BegunCall](), list[BegunCall]()
    usual(ages, 0.1, 1.0)
    for now_s, (kind, which) in enumerate(course, start=10):
        if kind == "sent":
            sent.append(BegunCall(0.0, 1, 0))
            ages.sent(sent[-1], float(now_s))
            model.append(sent[-1])
        elif which < len(sent):
            trial = sent[which]
            if kind == "ended":
                ages.ended(trial)
                model = [each for each in model if each is not trial]
                continue
            ages.first_token(trial, float(now_s))
            if trial in model:
                model = model[model.index(trial) + 1 :]
        assert ages.overdue(1e6) == len(model)
        assert [each for each in sent if each.in_line] == model
