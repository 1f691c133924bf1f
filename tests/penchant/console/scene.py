"""A scene that never changes: a fleet at one moment, on all pages of a console over a real Redis."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from agents.experiments.active_experiments import UNDECIDED
from agents.experiments.guardrails import GuardrailRules, standings
from agents.experiments.lift import Conversions, lifts
from agents.experiments.outcomes import LATENCY_S, Counts
from agents.fleet.switches import Switches
from penchant.console.app import OPEN_PATHS, Console, Runners
from penchant.console.history import Point
from penchant.console.samples import Samples
from penchant.console.snapshot import Change, Snapshot
from penchant.console.watch import FleetWatch
from penchant.front.identity import Identities
from penchant.front.server import served
from penchant.operations.control import FleetStatus
from penchant.operations.experiments import ArmView, ExperimentView
from penchant.settings.root import Settings
from tests.penchant.console.looks import AT_MS, NOTHING, PAGE, snapshot, thrown, worker

SECONDS = 600
OF_A_WORKER = 'penchant_sessions{form="hot"} 4100\npenchant_claims_ungrounded_total 212\n'


def calm() -> Snapshot:
    """Three workers, twelve partitions, two model servers; all is fresh."""
    workers = {
        f"worker-{at}": worker(
            partitions=[*range(at, 12, 3)],
            lag=40 * at,
            owed=at,
            in_flight=6 + at,
            limit=24,
            freshness_p95_ms=1_900.0,
            rebalances=2,
            errors={"triton-2": [250.0 + at, "triton-2: the call was cut off"]},
        )
        for at in range(3)
    }
    points = [_point(at) for at in range(SECONDS)]
    changes = (
        Change(AT_MS - 520_000, "calm", "worker-2 joined"),
        Change(AT_MS - 340_000, "bad", "triton-2 ejected"),
        Change(AT_MS - 250_000, "calm", "triton-2 back"),
    )
    tried = _experiment()
    pages = {name: Samples.parse(_page(at)) for at, name in enumerate(workers)}
    seen = snapshot(workers, points=points, pages=pages, changes=changes)
    return replace(seen, fleet=FleetStatus(Switches({}), workers, (tried,)))


def away() -> Snapshot:
    """The same fleet while no worker reaches a model, and an operator has thrown a switch."""
    seen = calm()
    workers = {name: {**told, "away": {"model": "triton-1, triton-2: no answer within 10 s"}, "owed": 180}
               for name, told in seen.workers.items()}  # fmt: skip
    points = [*seen.points[:-90], *(_late(at) for at in range(SECONDS - 90, SECONDS))]
    changes = (
        *seen.changes,
        Change(AT_MS - 88_000, "bad", "triton-1 ejected"),
        Change(AT_MS - 86_000, "bad", "triton-2 ejected"),
    )
    limited = snapshot(workers, {"calls_per_second": thrown("40", "nadia")})
    return replace(limited, points=points, samples=seen.samples, changes=changes)


def _experiment() -> ExperimentView:
    """A canary beside everybody, with one guardrail that is near its bound, and what its sessions have come to."""
    arm = Counts(failed=12, invalid=9, empty=20, latency=_latency(1_200))
    control = Counts(failed=90, invalid=200, empty=400, latency=_latency(19_000))
    found = tuple(standings(arm, control, GuardrailRules()))
    ours, theirs = Conversions(2_000, 900, 300, 80), Conversions(38_000, 16_700, 5_500, 1_450)
    arms = (
        ArmView("canary", "live", 5.0, arm, ours, tuple(lifts(ours, theirs)), standings=found),
        ArmView("nothing", "holdout", 1.0, Counts(withheld=310), Conversions()),
        ArmView("control", "live", 94.0, control, theirs),
    )
    return ExperimentView("new-model", UNDECIDED, changed=False, arms=arms)


def _latency(calls: int) -> tuple[int, ...]:
    """Most of them near half a second."""
    shares = [0.05, 0.1, 0.2, 0.3, 0.2, 0.1, 0.05, *[0.0] * (len(LATENCY_S) - 6)]
    return tuple(round(calls * each) for each in shares)


def _point(at: int) -> Point:
    wave, slow = math.sin((at - SECONDS + 1) / 40), 2.2 if 260 < at < 350 else 0.0
    return Point(
        AT_MS - (SECONDS - 1 - at) * 1_000, 0.9 + 0.1 * wave, 1.9 + 0.2 * wave + slow, 2.6 + 0.4 * wave + slow * 1.4,
        410 + 60 * wave, 96 + 12 * wave, 90 + 10 * wave, 0.03 + 0.02 * (slow > 0), 0.86 - 0.03 * wave,
        0.021 + 0.002 * wave, 3 + 40 * (slow > 0), 120 + 50 * wave,
    )  # fmt: skip


def _late(at: int) -> Point:
    since = at - (SECONDS - 90)
    return _point(at)._replace(
        p95_s=2.0 + since / 12, p99_s=3.0 + since / 9, calls_per_s=0.0, rules_share=min(since / 30, 1.0),
        owed=6.0 * since, cost_per_thousand=None, cached_share=None,
    )  # fmt: skip


def _page(at: int) -> str:
    told = NOTHING | {"events": 90_000, "calls": 21_000, "intents": 19_000, "rules": 700, "input": 8_000_000,
                      "cached": 6_900_000, "cost": 0.42, "fast": 60, "all": 100}  # fmt: skip
    return (
        PAGE.format(**told).replace('partition="1"', f'partition="{at}"')
        + OF_A_WORKER
        + "".join(
            f'penchant_replica_in_flight{{pool="own",replica="{name}"}} {4 + at}\n'
            f'penchant_replica_limit{{pool="own",replica="{name}"}} 12\n'
            f'penchant_replica_service_seconds{{pool="own",replica="{name}"}} {0.41 + 0.02 * at}\n'
            f'penchant_replica_first_token_seconds{{pool="own",replica="{name}"}} {0.09 + 0.01 * at}\n'
            f'penchant_replica_state{{pool="own",replica="{name}",state="in"}} 1\n'
            f'penchant_replica_calls_total{{pool="own",replica="{name}",outcome="answered"}} 6800\n'
            f'penchant_replica_calls_total{{pool="own",replica="{name}",outcome="failed"}} {3 * at}\n'
            for name in ("triton-1", "triton-2")
        )
    )


class Still(FleetWatch):
    """A watch that never looks again."""

    def __init__(self, settings: Settings, seen: Snapshot) -> None:
        super().__init__(settings)
        self.now = seen


@asynccontextmanager
async def still(given: Settings, seen: Snapshot) -> AsyncIterator[str]:
    """The address of a console that shows this and nothing else while the block runs."""
    identities = Identities(given.http, given.console.host)
    app = Console(given, {}, Still(given, seen), identities, Runners.of(given), None).app()
    address = (given.console.host, given.console.port)
    async with served(app, given.http, identities, address, open_paths=OPEN_PATHS, sign_in=None) as url:
        yield url
