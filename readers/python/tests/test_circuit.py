"""The circuit: a server that is away is asked less and less often, and at once again when it is back."""

from penchant_reader.circuit import SMALL, Circuit, Circuits


def test_it_opens_at_the_first_failure() -> None:
    """A ranker pays the timeout once: whoever comes next is told at once."""
    circuit = Circuit(1, 8)
    assert circuit.allows(0)
    circuit.failed(10)
    assert circuit.open
    assert [circuit.allows(now_s) for now_s in (10, 10.9)] == [False, False]


def test_one_call_at_a_time_is_let_through() -> None:
    """The others wait for what becomes of it, for twice as long each time, up to the most."""
    circuit = Circuit(1, 4)
    circuit.failed(0)
    allowed = []
    for tenth in range(200):
        if circuit.allows(tenth / 10):
            allowed.append(tenth / 10)
            circuit.failed(tenth / 10 + 0.05)
    assert allowed == [1, 3, 7, 11, 15, 19]


def test_it_closes_when_a_call_succeeds() -> None:
    """And the next failure begins with the short pause again."""
    circuit = Circuit(1, 8)
    circuit.failed(0)
    assert circuit.allows(5)
    circuit.worked()
    assert not circuit.open
    circuit.failed(6)
    assert [circuit.allows(6.5), circuit.allows(7)] == [False, True]


def test_failures_of_calls_under_way_prolong_nothing() -> None:
    """Ten that began before it opened are one outage."""
    circuit = Circuit(1, 8)
    for number in range(10):
        circuit.failed(number / 100)
    assert circuit.allows(1)


def test_none_at_all() -> None:
    """With a most of zero every call asks."""
    circuit = Circuit(1, 0)
    circuit.failed(0)
    assert circuit.allows(0)


def test_large_and_small_reads_have_one_each() -> None:
    """What is large is told by the number of commands."""
    circuits = Circuits(1, 8)
    circuits.of(SMALL + 1).failed(0)
    assert [circuits.of(commands).open for commands in (1, SMALL, SMALL + 1, 1_000)] == [False, False, True, True]
