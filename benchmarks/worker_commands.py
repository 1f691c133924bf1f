"""The commands of `penchant bench` on a whole worker: how it drains, what it holds, how late it is, how it recovers."""

from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.group import Quick, bench
from benchmarks.measuring import Report, Say, measured
from penchant.cli.options import Json


@bench.command()
def ingest(
    *,
    quick: Quick = False,
    grow: Annotated[
        bool, typer.Option("--grow", help="Instead: how rate, memory and loop lag grow with partitions and shoppers.")
    ] = False,
    json: Json = False,
) -> None:
    """Drain a topic: take in events that are already in a real Kafka, in one process on one core.

    While it is behind a worker holds calls back, so that this is no measure of live traffic: see `bench steady`.

    Equal work (validate an event, fold it into its shopper's session) by a plain Faust agent, Quix Streams, Bytewax,
    Apache Flink, a bare loop over librdkafka and Penchant, and Penchant with all its work: due, instant model, real
    Redis, commits. At last Flink's async I/O and Penchant before a model that takes few calls. Needs Java and Maven.

    Examples:

      penchant bench ingest --quick

      penchant bench ingest --json > benchmarks/results/ingest.json

      penchant bench ingest --grow
    """
    from benchmarks import growth, tables  # noqa: PLC0415 (only where it runs)
    from benchmarks import ingest as rates  # noqa: PLC0415
    from benchmarks.servers import Servers, staged  # noqa: PLC0415

    def measure(folder: Path, say: Say) -> Coroutine[Any, Any, Report]:
        def grown(stage: Servers) -> Coroutine[Any, Any, Report]:
            return growth.run(growth.QUICK if quick else growth.Growth(), stage, say)

        def compared(stage: Servers) -> Coroutine[Any, Any, Report]:
            return rates.run(rates.QUICK if quick else rates.IngestPlan(), stage, folder, say)

        return staged("ingest --grow" if grow else "ingest", folder, grown if grow else compared, quick=quick)

    measured(measure, tables.show_growth if grow else tables.show_ingest, json=json)


@bench.command()
def pause(
    *,
    quick: Quick = False,
    shoppers: Annotated[
        int | None, typer.Option("--shoppers", min=800, help="How many sessions; by default a million.")
    ] = None,
    json: Json = False,
) -> None:
    """Hold a million sessions while they come, stay, are packed, evicted and go: how long the event loop is held.

    In processor time of the loop's turns, so that other work on the machine does not count. The store, the log and the
    model are in the worker's process and answer at once. Takes 3 GB of memory and several minutes.

    Examples:

      penchant bench pause --quick

      penchant bench pause --json > benchmarks/results/pause.json
    """
    from benchmarks import pause as pauses  # noqa: PLC0415 (only where it runs)
    from benchmarks import pause_table  # noqa: PLC0415

    def measure(_: Path, say: Say) -> Coroutine[Any, Any, Report]:
        plan = pauses.QUICK if quick else pauses.PausePlan()
        return pauses.run(replace(plan, shoppers=shoppers or plan.shoppers), say, quick=quick)

    measured(measure, pause_table.show_pause, json=json)


@bench.command()
def recovery(*, quick: Quick = False, json: Json = False) -> None:
    """Kill a worker (kill -9) under steady load, let another take over, and compare the final state with the log.

    A real Kafka and Redis, 200,000 shoppers with sessions, three crashes in a row; each figure is the worst of them.
    No event may be lost, and no more calls repeated than were in flight or not yet stored. Needs Java and Maven.

    Example: penchant bench recovery --json > benchmarks/results/recovery.json
    """
    from benchmarks import recovery as crashes  # noqa: PLC0415 (only where it runs)
    from benchmarks import tables  # noqa: PLC0415
    from benchmarks.servers import staged  # noqa: PLC0415

    def measure(folder: Path, say: Say) -> Coroutine[Any, Any, Report]:
        plan = crashes.QUICK if quick else crashes.RecoveryPlan()
        return staged("recovery", folder, lambda stage: crashes.run(plan, stage, folder, say), quick=quick)

    measured(measure, tables.show_recovery, json=json)


@bench.command()
def steady(
    *,
    quick: Quick = False,
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="Instead, above 1: what a call costs with one worker and so many.")
    ] = 1,
    json: Json = False,
) -> None:
    """Find how many events a second one core holds with a call each, no call left out, and the client's work in it.

    A real Kafka and Redis, a load that keeps its pace, and a minimal OpenAI-compatible server on the other core, whose
    cost is named. Nothing is held back by triggers. Needs Java and Maven.

    Examples:

      penchant bench steady --json > benchmarks/results/steady.json

      penchant bench steady --workers 2
    """
    from benchmarks import several, tables  # noqa: PLC0415 (only where it runs)
    from benchmarks import steady as rates  # noqa: PLC0415
    from benchmarks.servers import staged  # noqa: PLC0415

    def run(folder: Path, say: Say) -> Coroutine[Any, Any, Report]:
        plan = rates.QUICK if quick else rates.SteadyPlan()
        return staged("steady", folder, lambda stage: rates.measure(plan, stage, folder, say), quick=quick)

    def compare(folder: Path, say: Say) -> Coroutine[Any, Any, Report]:
        plan = replace(several.SeveralPlan(), workers=(1, workers), rounds=1 if quick else 3)
        return staged("steady --workers", folder, lambda on: several.measure(plan, on, folder, say), quick=quick)

    measured(compare if workers > 1 else run, tables.show_several if workers > 1 else tables.show_steady, json=json)


@bench.command()
def latency(*, quick: Quick = False, json: Json = False) -> None:
    """Measure what a worker adds between an event's append and its intent, in five parts, at two rates and a probe.

    A real Kafka and Redis, a load that keeps its pace, an instant model in the worker. Nothing is held back by
    triggers, and the first two seconds do not count. Needs Java and Maven.

    Example: penchant bench latency --json > benchmarks/results/latency.json
    """
    from benchmarks import latency as delays  # noqa: PLC0415 (only where it runs)
    from benchmarks import tables  # noqa: PLC0415
    from benchmarks.servers import staged  # noqa: PLC0415

    def run(folder: Path, say: Say) -> Coroutine[Any, Any, Report]:
        plan = delays.QUICK if quick else delays.LatencyPlan()
        return staged("latency", folder, lambda stage: delays.measure(plan, stage, say), quick=quick)

    measured(run, tables.show_latency, json=json)
