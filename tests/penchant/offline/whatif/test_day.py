"""A day in virtual time: always the same, and different in the way that its settings are."""

from dataclasses import replace
from pathlib import Path

import orjson
from typer.testing import CliRunner

from benchmarks.goodput.traffic import Traffic
from penchant.cli.main import app
from penchant.offline.whatif.arrivals import EPOCH_MS, Recording
from penchant.offline.whatif.day import play
from penchant.offline.whatif.figures import MEANINGS, Figures, change, figures
from penchant.offline.whatif.run import compare
from penchant.offline.whatif.variant import variant
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings

TRAFFIC = Traffic(4.0, 40.0, before_s=0.0)
RECORDING = Recording(TRAFFIC.arrivals, EPOCH_MS)


def played(words: str, recording: Recording = RECORDING) -> Figures:
    made = variant(words, lambda overrides: load_settings(None, overrides).settings)
    return figures(play(recording, made), made, per_hour=4.0)


def test_the_same_day_is_always_the_same() -> None:
    """And has every figure that is promised."""
    once = played("")
    assert once == played("")
    assert list(once) == list(MEANINGS)
    assert once["events"] == len(RECORDING.arrivals)
    assert once["rules_intents"] == once["owed_at_end"] == 0
    assert 0 < (once["cached_share"] or 0) < 1


def test_who_waits_longer_calls_less() -> None:
    """And is in time for fewer of the next events; less is needed of GPUs."""
    usual, patient = played(""), played("triggers.debounce_s=6 triggers.max_wait_s=12 triggers.urgent=purchase")
    for name in ("calls", "gpu_s", "dollars_needed", "in_time_for_next"):
        assert (patient[name] or 0) < (usual[name] or 0), name
    assert (patient["freshness_p95_s"] or 0) > (usual["freshness_p95_s"] or 0)
    assert patient["dollars_rented"] != usual["dollars_needed"]


def test_calls_that_change_nothing_are_left_out() -> None:
    """What is left out is in time, as far as checks say; all of it is covered."""
    usual, fewer = played(""), played("calls.unchanged_for_s=600")
    assert (fewer["calls_left_out"] or 0) > 0 == usual["calls_left_out"]
    assert (fewer["calls"] or 0) < (usual["calls"] or 0)
    assert (fewer["in_time_for_next"] or 0) >= (usual["in_time_for_next"] or 0) == usual["in_time_for_next_low"]
    assert (fewer["in_time_for_next_low"] or 0) < (fewer["in_time_for_next"] or 0)
    assert fewer["owed_at_end"] == 0


def test_each_call_that_is_left_out_is_checked() -> None:
    """Nobody has to wait for the one in fifty that a worker makes all the same."""
    made = variant("calls.unchanged_for_s=600", lambda overrides: load_settings(None, overrides).settings)
    meter = play(RECORDING, made).meter
    assert meter.left_out_checked >= meter.calls_left_out > 0
    assert meter.left_out_wrong < meter.left_out_checked / 4


def test_shorter_answers_take_less() -> None:
    """Of the GPUs and of whoever waits; there are as many calls, but for those that come sooner."""
    usual, short = played(""), played("answer_tokens=20")
    for name in ("gpu_s", "dollars_needed", "output_tokens", "freshness_p50_s"):
        assert (short[name] or 0) < (usual[name] or 0), name


def test_who_goes_by_the_rhythm_is_in_time_more_often() -> None:
    """Simulated shoppers mostly think for longer than an answer takes, so their calls are made at once."""
    usual, rhythmic = played(""), played("triggers.overtaken=0.5")
    assert (rhythmic["in_time_for_next"] or 0) > (usual["in_time_for_next"] or 0)
    assert (rhythmic["freshness_p50_s"] or 0) < (usual["freshness_p50_s"] or 0)
    assert (rhythmic["calls"] or 0) < 1.1 * (usual["calls"] or 0)


def test_a_gpu_that_is_away() -> None:
    """The rules answer meanwhile, and the model again afterwards."""
    away = played("away=5-25")
    assert (away["rules_intents"] or 0) > 0
    assert (away["in_time_for_next"] or 0) < (away["in_time_for_next_any"] or 0)
    assert away["owed_at_end"] == 0


def test_several_partitions_and_part_of_the_shoppers() -> None:
    """Offsets of each partition are its own; what is counted is counted for all."""
    numbers = [0, 0]
    arrivals = []
    for arrival in TRAFFIC.arrivals:
        number = sum(arrival.shopper.encode()) % 2
        arrivals.append(replace(arrival, partition=number, offset=numbers[number]))
        numbers[number] += 1
    found = played("gpus=2", Recording(arrivals, EPOCH_MS, each=2))
    assert found["events"] == 2 * len(arrivals)
    assert found["owed_at_end"] == 0
    assert found["calls"] == 2 * (played("")["calls"] or 0)


async def test_variants_side_by_side() -> None:
    """Figures in their order, each told when it is done."""
    made = [variant(words, lambda _: Settings()) for words in ("", "gpus=2")]
    lines: list[str] = []
    found = await compare(RECORDING, made, 4.0, 1, lines.append)
    assert [each.figures["gpus"] for each in found] == [1, 2]
    assert len(lines) == 2


def test_change() -> None:
    """A share of the first, where there is one."""
    assert change(4.0, 3.0) == -0.25
    assert change(0.0, 3.0) is change(None, 3.0) is change(3.0, None) is None


def test_the_command(tmp_path: Path) -> None:
    """A file again, with another setting: both with all figures, and what changed."""
    csv = tmp_path / "events.csv"
    header = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
    csv.write_text(
        header + "".join(f"2019-10-01 00:00:{at:02} UTC,view,1,2,a.b,acme,3.5,{at % 5 + 1},s\n" for at in range(60))
    )
    ways = ["--with", "triggers.debounce_s=8 triggers.max_wait_s=20"]
    ran = CliRunner().invoke(app, ["whatif", "--events", str(csv), *ways, "--jobs", "1", "--json"])
    assert ran.exit_code == 0, ran.output
    report = orjson.loads(ran.stdout.splitlines()[-1])
    usual, patient = report["variants"]
    assert (usual["name"], usual["events"], report["played"]) == ("as it is", 60, 60)
    assert patient["calls"] < usual["calls"]
    assert patient["change"]["calls"] < 0 == usual["change"]["calls"]
    wrong = CliRunner().invoke(app, ["whatif", "--events", str(csv), "--with", "no_such=1"])
    assert wrong.exit_code == 2
