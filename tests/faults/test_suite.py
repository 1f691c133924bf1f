"""Every fault of model servers under load, in virtual time: nobody is lost, nothing is stuck, and it passes."""

import pytest

from sandbox.gpu.faults import Faults
from tests.faults.trial import CALM_S, Case, run

KINDS = sorted(Faults().shares())
RARE = ("crash", "hang", "overload", "slow")
"""Of which one in a hundred is felt at all."""


@pytest.mark.parametrize(
    ("fault", "share"),
    [
        *((fault, 0.2) for fault in KINDS),
        *(pytest.param(fault, 1.0, marks=pytest.mark.slow) for fault in KINDS),
        *(pytest.param(fault, 0.01, marks=pytest.mark.slow) for fault in RARE),
    ],
)
def test_a_fault_is_got_over(fault: str, share: float) -> None:
    """Every event is in an intent at the end; no slot, call or place on a server is held any more; and well before the
    traffic ends, events have their intents within 5 s again."""
    result = run(Case(fault, share))
    assert (result.lost, result.stuck) == (0, {})
    assert result.recovered_s < CALM_S * 0.8
    assert result.caught_up_s < CALM_S * 1.2
    if share == 1:
        assert result.failed + result.refused_answers + result.by_rules > 0 or result.fresh[1] < 0.5


@pytest.mark.slow
def test_a_case_is_a_function_of_its_seed() -> None:
    """The same again, to the last digit."""
    case = Case("crash", 0.2)
    assert run(case) == run(case)
