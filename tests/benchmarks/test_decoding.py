"""The bench of decoding in its smallest form: what it reports. How fast is for it to say."""

import pytest

from benchmarks import decoding
from benchmarks.dialect_records import TELLINGS
from streams.events.dialects import DIALECTS


@pytest.mark.slow
async def test_it_reports_every_way_to_tell_an_event() -> None:
    """Beside the native one; each record was read as one event, or it would have failed."""
    lines: list[str] = []
    report = await decoding.run(decoding.DecodingPlan(events=200, rounds=2), lines.append)
    rows = {row["dialect"]: row for row in report["decoding"]}
    assert rows.keys() == TELLINGS.keys()
    assert rows["native"]["times_native"] == 1.0
    assert all(row["cpu_us"] > 0 and row["times_native_interval"] and row["bytes"] > 100 for row in rows.values())
    assert [row["reader"] for row in report["native_events"]][-1] == "Python"
    assert all(row["decode_us"] > 0 and row["decode_fold_us"] > 0 for row in report["native_events"])
    assert lines


def test_every_dialect_that_shops_speak_is_measured() -> None:
    """The open data sets' own are for tests only."""
    assert {telling.dialect for telling in TELLINGS.values()} == set(DIALECTS) - {"rees46", "otto"}
