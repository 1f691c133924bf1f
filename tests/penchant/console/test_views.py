"""What the pages show of a snapshot, also where much is missing."""

from dataclasses import replace

from agents.experiments.active_experiments import UNDECIDED
from agents.experiments.guardrails import GuardrailRules, standings
from agents.experiments.lift import Conversions, lifts
from agents.experiments.outcomes import LATENCY_S, Counts
from agents.fleet.switches import Switches
from agents.match.audience import Audience
from penchant.console.changes import changes
from penchant.console.frames import environment
from penchant.console.history import Counters, History, Point
from penchant.console.samples import Samples
from penchant.console.views.audience import audience_of
from penchant.console.views.banner import banner
from penchant.console.views.experiments import experiments
from penchant.console.views.fleet import MOST_PARTITIONS, MOST_WORKERS, fleet
from penchant.console.views.models import models
from penchant.console.views.overview import chart, overview
from penchant.console.views.stalest import by_cause
from penchant.operations.audience import Cost, Found
from penchant.operations.control import FleetStatus
from penchant.operations.experiments import ArmView, ExperimentView
from penchant.operations.inspection.stalest import Stale
from storage.activity import Activity
from streams.records.cards import Card, Segment
from tests.penchant.console.looks import AT_MS, NOTHING, PAGE, samples, snapshot, thrown, worker

TARGET_S = 5.0
STRANGE = Samples.parse(
    'penchant_freshness_seconds_bucket{le="x"} 1\npenchant_partition_lag_offsets{partition="x"} 1\n'
    "penchant_freshness_seconds_bucket 1\n"
)
"""As no version of ours would tell it."""


def judged(number: int, cause: str) -> Stale:
    """One of which newer events wait; the lower its number, the later it is."""
    return Stale(9_000.0 - number * 1_000, f"s{number}", owed=True, source="model", replica="triton-1",
                 reason=f"{cause} 900 ms", wants="Compares kettles", cause=cause)  # fmt: skip


def test_figures_that_are_missing_say_so_and_nothing_else_breaks() -> None:
    """No Redis, no workers, no metrics, an older worker: every page still has its values."""
    older = {name: value for name, value in worker().items() if name not in ("metrics", "obeys")}
    empty, strange = snapshot({}, away="Redis: away"), snapshot({"w1": {"obeys": {}}}, pages={"w1": STRANGE})
    for seen in (empty, strange, snapshot({"w1": older}), snapshot()):
        shown = overview(seen, [], TARGET_S)
        assert [part["title"] for part in shown["parts"]] == [
            "Kafka", "Sessions", "Backlog", "Models", "Grounding", "Redis"
        ]  # fmt: skip
        assert shown["figures"][0][0].number == "-"
        assert fleet(seen)["rows"] == [] or fleet(seen)["rows"][0]["name"] == "w1"
        assert models(seen)["rows"] == []
        assert History().add(AT_MS, {name: Counters.of(each) for name, each in seen.samples.items()}).p95_s is None
    assert models(snapshot())["answer"] == "No worker tells of its model servers."


def test_the_banner_says_who_obeys() -> None:
    """A worker that has not heard of a switch, or of an older one of the name, does not."""
    rules = thrown()
    obeying = {"rules_only": rules.at_ms}
    workers = {"w1": worker(obeys=obeying), "w2": worker(obeys={"rules_only": 1}), "w3": worker()}
    (shown,) = banner(snapshot(workers, {"rules_only": rules}))
    assert (shown["obeyed"], shown["workers"], shown["who"], shown["since"]) == (1, 3, "ada@desk", "4 min")
    assert shown["command"] == "penchant control clear rules-only"


def test_a_partition_is_as_dark_as_it_is_behind() -> None:
    """Without metrics it is only there."""
    (first, second) = fleet(snapshot(pages={"w1": samples()}))["cells"]
    assert (first["lag"], first["shade"]) == (None, 0)
    assert (second["lag"], second["shade"]) == (500, 2)
    assert "Furthest behind is partition 1, by 500." in fleet(snapshot(pages={"w1": samples()}))["reason"]


def test_a_server_is_as_bad_as_the_worst_that_a_worker_sees() -> None:
    """And the page says which one is out."""
    seen = snapshot(pages={"w1": samples(), "w2": samples(is_in=0, is_out=1)})
    assert models(seen)["answer"] == "triton-1 out."
    assert [row["words"] for row in models(seen)["rows"]] == ["out"]


def test_what_a_router_tells_stands_beside_its_server() -> None:
    """The mean of what workers have seen; a hyphen where it tells nothing, and each cause of an ejection."""
    (row,) = models(snapshot(pages={"w1": samples()}))["rows"]
    assert (str(row["kv_hits"]), str(row["router_queue"]), row["ejections"]) == ("-", "-", "none")
    which = '{pool="own",replica="triton-1"}'
    told = [
        f"{PAGE.format(**NOTHING)}penchant_replica_kv_hit_rate{which} {share}\npenchant_replica_router_queue{which} 4\n"
        'penchant_replica_ejections_total{pool="own",replica="triton-1",cause="answers"} 1\n'
        for share in (0.5, 0.7)
    ]
    (row,) = models(snapshot(pages={f"w{number}": Samples.parse(each) for number, each in enumerate(told)}))["rows"]
    assert (str(row["kv_hits"]), str(row["router_queue"]), row["ejections"]) == ("60 %", "4", "2 by answers")


def test_a_server_s_last_error_and_first_token_are_there_where_they_are_told() -> None:
    """The latest that a worker tells of, the mean of what servers tell, and else that nothing is known."""
    which = '{pool="own",replica="triton-1"}'
    page = Samples.parse(f"{PAGE.format(**NOTHING)}penchant_replica_first_token_seconds{which} 0.12\n")
    told = {"w1": worker(errors={"triton-1": [40.0, "cut off"]}), "w2": worker(errors={"triton-1": [3.0, "no answer"]})}
    (row,) = models(snapshot(told, pages={"w1": page}))["rows"]
    assert (str(row["first_token"]), row["error"]) == ("120 ms", "3.0 s ago: no answer")
    (row,) = models(snapshot(pages={"w1": samples()}))["rows"]
    assert (str(row["first_token"]), row["error"]) == ("-", "")


def test_a_partition_says_how_long_its_commit_stands_and_why_it_is_paused() -> None:
    """The worst one's age stands in its worker's row; a switch explains a pause before anything else does."""
    lines = "".join(
        f'penchant_partition_{what}{{partition="{number}",topic="t"}} {value}\n'
        for number, age_s in ((0, 2), (1, 75)) for what, value in (("commit_age_seconds", age_s), ("paused", number))
    )  # fmt: skip
    page = {"w1": Samples.parse(lines)}
    shown = fleet(snapshot({"w1": worker(rebalances=3)}, pages=page))
    assert (str(shown["rows"][0]["commit"]), str(shown["rows"][0]["rebalances"])) == ("75 s", "3")
    assert shown["cells"][1]["words"][-2:] == ["commit stands for 75 s", "paused: a bound of its worker is reached"]
    assert "paused" not in shown["cells"][0]["words"][-1]
    away = fleet(snapshot({"w1": worker(away={"redis": "no answer"})}, pages=page))
    assert away["cells"][1]["words"][-1] == "paused: Redis is away"
    switched = fleet(snapshot(switches={"pause": thrown()}, pages=page))
    assert switched["cells"][1]["words"][-1] == "paused: the switch pause"


def test_an_experiment_says_how_much_of_each_bound_is_used() -> None:
    """And what was decided on it, the newest first; where there are too few calls, that."""
    arm = Counts(failed=40, latency=(960, *[0] * (len(LATENCY_S))))
    control = Counts(failed=100, latency=(9_900, *[0] * (len(LATENCY_S))))
    found = tuple(standings(arm, control, GuardrailRules()))
    few = tuple(standings(Counts(failed=4), control, GuardrailRules()))
    view = ExperimentView("x", UNDECIDED, changed=False, arms=(
        ArmView("canary", "live", 9.0, arm, Conversions(), standings=found),
        ArmView("new", "live", 1.0, Counts(), Conversions(), standings=few),
        ArmView("control", "live", 90.0, control, Conversions()),
    ))  # fmt: skip
    seen = replace(snapshot(), fleet=FleetStatus(Switches({}), {}, (view,)))
    entries = [Activity("experiment", "x", "back", "ada"), Activity("switch", "x", "on", "ada")]
    (shown,) = experiments(seen, entries)["experiments"]
    canary, new = shown["guardrails"]
    assert canary["bars"][0]["words"].startswith("4.0 % of 3.")
    assert (canary["bars"][0]["over"], canary["bars"][1]["over"]) == (True, False)
    assert {bar["words"] for bar in new["bars"]} == {"too few calls"}
    assert [entry.value for entry in shown["history"]] == ["back"]
    assert str(shown["arms"][0]["of_calls"]) == "9.1 %"


def test_an_experiment_says_what_became_of_its_sessions() -> None:
    """Each outcome beside the control's with its interval; of value in money; a skewed split before all."""
    arm = Conversions(1_000, purchased=100, value=440_000, value_squares=220_000)
    control = Conversions(9_000, purchased=900, value=3_600_000, value_squares=1_900_000)
    view = ExperimentView("x", UNDECIDED, changed=False, arms=(
        ArmView("canary", "live", 9.0, Counts(), arm, tuple(lifts(arm, control)), skewed=True),
        ArmView("control", "live", 91.0, Counts(), control),
    ))  # fmt: skip
    page = experiments(replace(snapshot(), fleet=FleetStatus(Switches({}), {}, (view,))), [])
    (shown,) = page["experiments"]
    bought, value = shown["lifts"][0]["outcomes"]
    assert (bought["outcome"], str(bought["ours"]), bought["change"]) == ("purchased", "10 %", "+0.0%")
    assert (value["outcome"], str(value["ours"]), str(value["theirs"]), value["sure"]) == (
        "value",
        "4.40",
        "4.00",
        False,
    )
    assert shown["skewed"] == ["canary"]
    template = environment().get_template("experiments.html")
    text = "".join(template.blocks["arms"](template.new_context(page)))
    assert "canary: its sessions are not the share that was set" in text
    assert '<td>value</td><td class="n">4.40</td><td class="n">4.00</td>' in text
    assert "could be told from none" in text


def test_what_changed_is_told_once() -> None:
    """Workers, switches and model servers, between two looks; of the first look nothing."""
    before = snapshot({"w1": worker(), "w2": worker()}, pages={"w1": samples()})
    now = snapshot({"w2": worker(), "w3": worker()}, {"pause": thrown()}, pages={"w1": samples(is_in=0, is_out=1)})
    words = {each.words for each in changes(before, now)}
    assert words == {"w3 joined", "w1 is gone", "pause by ada@desk", "triton-1 ejected"}
    assert list(changes(now, now)) == []
    assert [each.words for each in changes(now, before)].count("pause is back") == 1


def test_the_chart_has_a_column_a_quantile() -> None:
    """What is not known is a gap."""
    points = [Point(AT_MS), Point(AT_MS + 1_000, 1.0, 2.0, 3.0)]
    shown = chart(snapshot(points=points), TARGET_S)
    assert shown["columns"][0] == [AT_MS / 1e3, AT_MS / 1e3 + 1]
    assert shown["columns"][2] == [None, 2.0]
    assert (
        overview(snapshot(points=points), [judged(3, "limiter")], TARGET_S)["groups"][0]["rows"][0]["late"] == "6.0 s"
    )


def test_the_stalest_stand_by_what_took_most_of_their_time() -> None:
    """The cause of the worst first, with how many it has, and a few of them."""
    late = [judged(at, "decode" if at % 3 else "queue") for at in range(9)]
    groups = by_cause(late, 2)
    assert [(each["cause"], each["shoppers"]) for each in groups] == [
        ("queue", "3 shoppers of 9"), ("decode", "6 shoppers of 9")
    ]  # fmt: skip
    assert [row["of"].shopper for row in groups[1]["rows"]] == ["s1", "s2"]
    assert by_cause([], 2) == []


def test_a_page_of_a_large_fleet_is_bounded() -> None:
    """The furthest behind are there, in their usual order, and what is left out is counted."""
    workers = {f"w{at:04}": worker(lag=at, partitions=[at * 2, at * 2 + 1]) for at in range(1_200)}
    shown = fleet(snapshot(workers))
    names = [row["name"] for row in shown["rows"]]
    assert names == sorted(names)
    assert (names[-1], len(names), len(shown["cells"])) == ("w1199", MOST_WORKERS, MOST_PARTITIONS)
    assert shown["left_out"] == (1_200 - MOST_WORKERS, 2_400 - MOST_PARTITIONS)


def test_an_audience_that_is_too_small_is_not_told() -> None:
    """In all and by need; before anybody asked there is the form alone."""
    card = Card(category="home/kettles", segments=(Segment(mission="gift", stage="decide"),))
    shown = audience_of("k1", Found("k1", Audience("k1", card), Cost(looked_at=3, whole=False)))
    assert shown["answer"] == "fewer than 50 shoppers are after what k1 is."
    assert shown["segments"] == [("gift, decide", "fewer than 50")]
    assert audience_of("", None)["found"] is None
