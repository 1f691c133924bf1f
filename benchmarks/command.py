"""The commands of `penchant bench` on models, prompts, readers and decoding. Others: worker_commands.py,
capacity_commands.py."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks import capacity_commands, worker_commands  # noqa: F401 (whose commands are of the group too)
from benchmarks.group import Plots, Quick, bench
from benchmarks.measuring import Report, Say, measured
from penchant.cli.options import Json


@bench.command()
def calls(
    *,
    quick: Quick = False,
    soak: Annotated[
        bool, typer.Option("--soak", help="Instead: 50,000 calls a dialect, a fifth abandoned; what is left of them?")
    ] = False,
    json: Json = False,
) -> None:
    """Call models in every dialect, 1, 32 and 256 at once: the CPU of a call, and what is added to the model's time.

    A real tritonserver and an OpenAI-compatible server of our own, both before simulated GPUs that always take the same
    time.

    Examples:

      penchant bench calls --quick

      penchant bench calls --json > benchmarks/results/calls.json

      penchant bench calls --soak --json > benchmarks/results/calls-soak.json
    """
    from benchmarks import calls as costs  # noqa: PLC0415 (only where it runs)
    from benchmarks import soak as soaking  # noqa: PLC0415
    from benchmarks import tables  # noqa: PLC0415

    def measure(folder: Path, say: Say) -> Coroutine[Any, Any, Report]:
        if soak:
            return soaking.run(soaking.QUICK if quick else soaking.SoakPlan(), folder, say)
        return costs.run(costs.QUICK if quick else costs.ClientCostPlan(), folder, say)

    measured(measure, tables.show_soak if soak else tables.show_calls, json=json)


@bench.command()
def affinity(*, quick: Quick = False, json: Json = False) -> None:
    """How much of prompts is cached behind routers of others, with and without the header that names the session.

    Dynamo before its own mocker, vllm-router and smg before simulated GPUs of ours, and our own hashing without a
    router. Each router is installed into run/peers when it is first run, some 700 MB for Dynamo; takes five minutes.

    Examples:

      penchant bench affinity --quick

      penchant bench affinity --json > benchmarks/results/affinity.json
    """
    from benchmarks import affinity as shares  # noqa: PLC0415 (only where it runs)
    from benchmarks import tables  # noqa: PLC0415

    def measure(folder: Path, say: Say) -> Coroutine[Any, Any, Report]:
        return shares.run(shares.QUICK if quick else shares.AffinityPlan(), folder, say)

    measured(measure, tables.show_affinity, json=json)


@bench.command()
def match(*, quick: Quick = False, json: Json = False) -> None:
    """Match twenty candidates in one packed call, beside live traffic at half of what four simulated GPUs hold.

    In virtual time. What a match takes, how much of it a GPU computes, and what it costs the live intents.

    Examples:

      penchant bench match --quick

      penchant bench match --json > benchmarks/results/match.json
    """
    from benchmarks.goodput import matching, tables  # noqa: PLC0415 (only where it runs)

    def measure(_: Path, say: Say) -> Coroutine[Any, Any, Report]:
        return matching.run(matching.QUICK if quick else matching.MatchPlan(), say)

    measured(measure, tables.show_match, json=json)


@bench.command()
def goodput(
    *,
    quick: Quick = False,
    real: Annotated[
        bool, typer.Option("--real", help="Instead: the same traffic in real time beside; needs Java and Maven.")
    ] = False,
    plots: Plots = None,
    json: Json = False,
) -> None:
    """How many intents come in time, and what GPU time they cost, beside one call an event and a debounce.

    The same seeded shoppers before the same four simulated GPUs, in virtual time: a load of 1 is what one call an event
    just holds. Penchant's part is the real backlog, dispatch, limiter, router and prompts.

    Examples:

      penchant bench goodput --quick

      penchant bench goodput --json --plots docs/images > benchmarks/results/goodput.json

      penchant bench goodput --real --json > benchmarks/results/goodput-real.json
    """
    from benchmarks.goodput import campaign, plan, tables  # noqa: PLC0415 (only where it runs)
    from benchmarks.goodput import real as check  # noqa: PLC0415

    def measure(folder: Path, say: Say) -> Coroutine[Any, Any, Report]:
        if real:
            return check.run(check.QUICK if quick else check.RealModelPlan(), folder, say)
        return campaign.run(plan.QUICK if quick else plan.GoodputPlan(), say)

    def shown(console: Console, report: Mapping[str, Any]) -> None:
        tables.show_goodput(console, report)
        if plots is not None:
            from benchmarks.goodput.plots import draw_goodput  # noqa: PLC0415 (matplotlib is slow to import)

            draw_goodput(report, plots)

    measured(measure, tables.show_real if real else shown, json=json)


@bench.command()
def reads(*, quick: Quick = False, json: Json = False) -> None:
    """Read intents as a ranker does, 1, 100 and 1,000 shoppers at once, while 2,000 intents a second are written.

    penchant-reader beside a bare HMGET of the same fields, the packed field by redis-py, and a Feast-style hash that is
    read feature by feature, each asked in turn on a real Redis.

    Example: penchant bench reads --json > benchmarks/results/reads.json
    """
    from benchmarks import reads as ranker  # noqa: PLC0415 (only where it runs)
    from benchmarks import tables  # noqa: PLC0415

    def measure(folder: Path, say: Say) -> Coroutine[Any, Any, Report]:
        return ranker.run(ranker.QUICK if quick else ranker.ReadPlan(), folder, say)

    measured(measure, tables.show_reads, json=json)


@bench.command()
def incident(*, quick: Quick = False, plots: Plots = None, json: Json = False) -> None:
    """A replica dies, a pool overloads, a bad canary is released: what the system does, and when. In virtual time.

    Example: penchant bench incident --json --plots docs/images > benchmarks/results/incident.json
    """
    from benchmarks.goodput import incident as course  # noqa: PLC0415 (only where it runs)
    from benchmarks.goodput import tables  # noqa: PLC0415

    def shown(console: Console, report: Mapping[str, Any]) -> None:
        tables.show_incident(console, report)
        if plots is not None:
            from benchmarks.goodput.timeline import draw_incident  # noqa: PLC0415 (matplotlib is slow to import)

            draw_incident(report, plots)

    plan = course.QUICK if quick else course.IncidentPlan()
    measured(lambda *_: course.report(plan, quick=quick), shown, json=json)


@bench.command()
def prompts(
    *,
    quick: Quick = False,
    events: Annotated[
        Path | None,
        typer.Option(
            "--events", metavar="FILE", exists=True, dir_okay=False, help="A recording, beside the simulation."
        ),
    ] = None,
    prompt: Annotated[str, typer.Option("--prompt", metavar="VERSION", help="The version of the prompt.")] = "v1",
    tokenizer: Annotated[
        Path | None,
        typer.Option("--tokenizer", metavar="FILE", exists=True, dir_okay=False, help="A model's tokenizer.json."),
    ] = None,
    json: Json = False,
) -> None:
    """What prompts cost to render, how much of a prompt the shopper's last one already said, and how long answers are.

    Simulated shoppers, whose prompts are asked for as the triggers would; beside them a recording, and a window that
    slides. Answers are the simulated model's, beside JSON of all that an intent says.

    Examples:

      penchant bench prompts --quick

      penchant bench prompts --events rees46.csv --json > benchmarks/results/prompts.json
    """
    from benchmarks import prompts as prefixes  # noqa: PLC0415 (only where it runs)
    from benchmarks import tables  # noqa: PLC0415

    def measure(_: Path, say: Say) -> Coroutine[Any, Any, Report]:
        plan = replace(prefixes.QUICK if quick else prefixes.PromptCostPlan(), version=prompt)
        return asyncio.to_thread(prefixes.run, plan, events, tokenizer, say)

    measured(measure, tables.show_prompts, json=json)


@bench.command()
def decoding(*, quick: Quick = False, json: Json = False) -> None:
    """Read the same events in every dialect: the processor's time for one, beside a native one's.

    Examples:

      penchant bench decoding --quick

      penchant bench decoding --json > benchmarks/results/decoding.json
    """
    from benchmarks import decoding as costs  # noqa: PLC0415 (only where it runs)
    from benchmarks import tables  # noqa: PLC0415

    def measure(_: Path, say: Say) -> Coroutine[Any, Any, Report]:
        return costs.run(costs.QUICK if quick else costs.DecodingPlan(), say, quick=quick)

    measured(measure, tables.show_decoding, json=json)
