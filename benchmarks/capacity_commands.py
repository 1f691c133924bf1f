"""The commands of `penchant bench` on what a fleet can hold."""

from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.group import Quick, bench
from benchmarks.measuring import Report, Say, measured
from penchant.cli.options import Json


@bench.command()
def routing(*, quick: Quick = False, json: Json = False) -> None:
    """What it costs to find a replica for a call, in pools of one to ten thousand replicas: processor time, a minute.

    Example: penchant bench routing --json > benchmarks/results/routing.json
    """
    from benchmarks import capacity_tables  # noqa: PLC0415 (only where it runs)
    from benchmarks.routing import costs  # noqa: PLC0415

    def measure(_: Path, say: Say) -> Coroutine[Any, Any, Report]:
        return costs.run(costs.QUICK if quick else costs.RoutingPlan(), say, quick=quick)

    measured(measure, capacity_tables.show_routing, json=json)


@bench.command()
def disaggregated(*, quick: Quick = False, json: Json = False) -> None:
    """Prompts and answers on GPUs of their own, beside GPUs that do both: the highest rate that is held, simulated.

    At 2,000 to 4,000 tokens in and 200 out, and with our own prompts. Beside it, what routing by the KV cache is worth,
    and what long prompts of somebody else's do to live ones. Half a minute.

    Example: penchant bench disaggregated --json > benchmarks/results/disaggregated.json
    """
    from benchmarks import capacity_tables  # noqa: PLC0415 (only where it runs)
    from benchmarks.disaggregated import campaign  # noqa: PLC0415

    def measure(_: Path, say: Say) -> Coroutine[Any, Any, Report]:
        return campaign.measure(campaign.QUICK if quick else campaign.DisaggregationPlan(), say, quick=quick)

    measured(measure, capacity_tables.show_disaggregated, json=json)


@bench.command()
def console(
    *,
    quick: Quick = False,
    seconds: Annotated[float | None, typer.Option(min=5, help="How long browsers look.", show_default="20")] = None,
    json: Json = False,
) -> None:
    """What a console costs: Redis, its process a look, the largest event, and memory; 200 workers, nine browsers.

    It takes a minute. With --seconds 600 it says whether memory stays.

    Example: penchant bench console --json > benchmarks/results/console.json
    """
    from benchmarks import capacity_tables  # noqa: PLC0415
    from benchmarks import console as costs  # noqa: PLC0415 (only where it runs)

    plan = costs.QUICK if quick else costs.ConsolePlan()
    if seconds is not None:
        plan = replace(plan, seconds=seconds)

    def measure(folder: Path, say: Say) -> Coroutine[Any, Any, Report]:
        return costs.run(plan, folder, say, quick=quick)

    measured(measure, capacity_tables.show_console, json=json)


@bench.command()
def jobs(*, quick: Quick = False, json: Json = False) -> None:
    """How much of jobs fits beside a day of live traffic on a simulated GPU, in virtual time: by load and forecast, by
    the load alone, by a fixed number of calls, and as an oracle would; and how a flash sale is met.

    Example: penchant bench jobs --json > benchmarks/results/jobs.json
    """
    from benchmarks import capacity_tables  # noqa: PLC0415
    from benchmarks import jobs as shares  # noqa: PLC0415 (only where it runs)

    def measure(_: Path, say: Say) -> Coroutine[Any, Any, Report]:
        return shares.run(shares.QUICK if quick else shares.JobsPlan(), say)

    measured(measure, capacity_tables.show_jobs, json=json)


@bench.command(name="next-day")
def next_day(
    *,
    quick: Quick = False,
    seconds: Annotated[float | None, typer.Option(min=5, help="How long a day is.", show_default="120")] = None,
    seed: Annotated[int, typer.Option(min=1, help="Which shoppers the first day has; the second has those after.")] = 1,
    json: Json = False,
) -> None:
    """What `penchant whatif` foretells of the next day, and what then happens, in real time.

    Kafka, Redis, a worker, and a tritonserver before a simulated GPU; needs Java and Maven. Three minutes on a
    machine that has nothing else to do.

    Example: penchant bench next-day --json > benchmarks/results/next-day.json
    """
    from benchmarks import capacity_tables  # noqa: PLC0415
    from benchmarks import next_day as foretold  # noqa: PLC0415 (only where it runs)

    plan = replace(foretold.QUICK if quick else foretold.NextDayPlan(), seed=seed)
    if seconds is not None:
        plan = replace(plan, seconds=seconds)

    def measure(folder: Path, say: Say) -> Coroutine[Any, Any, Report]:
        return foretold.run(plan, folder, say, quick=quick)

    measured(measure, capacity_tables.show_next_day, json=json)


@bench.command(name="tune")
def tuning(
    *,
    events: Annotated[
        list[Path] | None,
        typer.Option("--events", metavar="FILE", exists=True, dir_okay=False, help="A recording; may be given again."),
    ] = None,
    quick: Quick = False,
    json: Json = False,
) -> None:
    """What `penchant tune` saves on shoppers that it has not seen, and how often its target fails there.

    Simulated shoppers, and those of each recording: settings are chosen on the earlier half, and played on the later
    one beside those of 0.1.0. In virtual time; ten minutes of two cores.

    Example: penchant bench tune --events rees46_sample.csv --json > benchmarks/results/tune.json
    """
    from benchmarks import capacity_tables  # noqa: PLC0415
    from benchmarks import tuning as tunings  # noqa: PLC0415 (only where it runs)

    plan = tunings.QUICK if quick else tunings.TuningPlan()

    def measure(_: Path, say: Say) -> Coroutine[Any, Any, Report]:
        return tunings.run(plan, events or [], say, quick=quick)

    measured(measure, capacity_tables.show_tuning, json=json)
