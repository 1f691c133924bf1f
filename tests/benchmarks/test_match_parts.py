"""What twenty candidates cost."""

from benchmarks.match_parts import CANDIDATES, cpu_ms, reader_order, service_ranking


def test_each_part_does_its_work_and_has_a_cost() -> None:
    """Features of every candidate, and every candidate in its place."""
    for part in (reader_order(), service_ranking()):
        found = part()
        assert isinstance(found, list | tuple)
        assert len(found) == CANDIDATES
        assert cpu_ms(part, rounds=2, times=5) >= 0
