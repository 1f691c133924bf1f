"""penchant jobs: work beside live traffic, in what it leaves."""

import asyncio
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.table import Table

from penchant.cli.options import Config, Json, Who, Why, console, instant, login
from penchant.offline.jobs.requests_run import Wrong, requests_of
from penchant.offline.jobs.run import run_jobs
from penchant.operations.jobs import JobAsked, JobView, Verb, bills, find_job, move, read_jobs, set_priority, views
from penchant.operations.jobs import submit as submitted
from penchant.process.logs import configure_logs
from penchant.settings.sources import load_settings
from penchant.worker.use_cases import price_of
from storage.jobs import Kind

COLUMNS = ("job", "state", "kind", "team", "use case", "prio", "deadline", "done", "per s", "left", "tokens", "cost")

jobs = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Run work beside live traffic: files of requests in OpenAI's batch format, and catalogues of products.\n\n"
    "Example: penchant jobs submit requests.jsonl --out run/answers",
)

Name = Annotated[str, typer.Argument(metavar="JOB", help="Its name, as list shows it.")]
Out = Annotated[Path, typer.Option(metavar="FOLDER", help="Where answers and results are kept; all runners need it.")]


@jobs.command()
def submit(
    *,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, help="What is to be asked; all runners need it.")
    ],
    out: Out,
    kind: Annotated[
        Kind, typer.Option(help="Requests in OpenAI's batch format, or a catalogue of products.")
    ] = "requests",
    use_case: Annotated[str, typer.Option(metavar="NAME", help="Whose pools, model and limits it takes.")] = "",
    team: Annotated[str | None, typer.Option(metavar="NAME", help="Who owns it.", show_default="yours")] = None,
    priority: Annotated[int, typer.Option(help="From -9 to 9; higher goes first.")] = 0,
    within: Annotated[
        float | None,
        typer.Option(metavar="HOURS", min=0.0, help="When it expires; of one priority the earlier goes first."),
    ] = None,
    columns: Annotated[Path | None, typer.Option(exists=True, help="Products: what the columns are called.")] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Products: write cards to Redis too.")] = False,
    why: Why = "",
    who: Who = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Add a job, which runners take up by priority, then by deadline.

    Of requests every line is checked first; a wrong one goes to errors.jsonl and stops nothing.

    Examples: penchant jobs submit requests.jsonl --out run/answers --team search --priority 2

    penchant jobs submit catalogue.csv --kind products --out run/products --publish
    """
    settings = load_settings(config).settings
    configure_logs("warning", settings.log.format)
    wrong = next((each for each in requests_of(file) if isinstance(each, Wrong)), None) if kind == "requests" else None
    options = ({"columns": str(columns.resolve())} if columns else {}) | ({"publish": "yes"} if publish else {})
    deadline_ms = None if within is None else int((time.time() + within * 3_600) * 1e3)
    asked = JobAsked(kind, file, out, use_case or kind, team, priority, deadline_ms, options)
    job = asyncio.run(submitted(settings, asked, who or login(), why))
    if wrong:
        typer.echo(f"line {wrong.number}: {wrong.why}; such lines go to errors.jsonl", err=True)
    typer.echo(orjson.dumps(asdict(job)) if json else f"{job.id}: team {job.team}, in {job.folder}")


@jobs.command("list")
def list_jobs(*, config: Config = None, json: Json = False) -> None:
    """Show all jobs with progress, rate, time left, tokens and cost, and the bill of each team and use case.

    Example: penchant jobs list --json
    """
    settings = load_settings(config).settings
    there = asyncio.run(read_jobs(settings))
    found, owed = views(there), bills(there, partial(price_of, settings))
    if json:
        report = {"jobs": [each.report() for each in found], "bills": [asdict(each) for each in owed]}
        typer.echo(orjson.dumps(report | {"runners": {name: asdict(each) for name, each in there.runners.items()}}))
        return
    table = Table(*COLUMNS)
    for each in found:
        table.add_row(*_row(each))
    console().print(table)
    for each in found:
        if each.waits:
            typer.echo(f"{each.job.id} waits: {each.waits}")
    for bill in owed:
        price = "" if bill.cost is None else f", {bill.cost:,.2f} in the currency of the prices"
        tokens = f"{bill.input_tokens:,} tokens in, {bill.output_tokens:,} out"
        typer.echo(
            f"{bill.team}, {bill.use_case}: {bill.calls:,} calls, {bill.mean_call_s or 0:.1f} s each, {tokens}{price}"
        )
    typer.echo(f"{len(there.runners)} runners")


@jobs.command()
def show(name: Name, *, config: Config = None, json: Json = False) -> None:
    """Show one job.

    Example: penchant jobs show job_3f0c5a
    """
    found = asyncio.run(find_job(load_settings(config).settings, name))
    if json:
        typer.echo(orjson.dumps(found.report()))
        return
    for what, value in found.report().items():
        typer.echo(f"{what}: {value}")


def _mover(verb: Verb, does: str) -> None:
    """A command that moves a job."""

    def command(name: Name, *, why: Why = "", who: Who = None, config: Config = None, json: Json = False) -> None:
        job = asyncio.run(move(load_settings(config).settings, name, verb, who or login(), why))
        typer.echo(orjson.dumps(asdict(job)) if json else f"{job.id}: {job.state}")

    command.__doc__ = f"{does}\n\n    Example: penchant jobs {verb} job_3f0c5a"
    jobs.command(verb)(command)


_mover("pause", "Let a job stand still; calls in flight end, and what was answered is kept.")
_mover("resume", "Let a job go on that is paused, failed, expired or cancelled.")
_mover("cancel", "End a job; what was answered is kept in its folder.")


@jobs.command()
def priority(
    name: Name,
    value: Annotated[int, typer.Argument(metavar="PRIORITY", help="From -9 to 9; higher goes first.")],
    *,
    why: Why = "",
    who: Who = None,
    config: Config = None,
) -> None:
    """Let a job go before others, or behind them. A runner leaves a job for one of a higher priority.

    Example: penchant jobs priority job_3f0c5a 5
    """
    job = asyncio.run(set_priority(load_settings(config).settings, name, value, who or login(), why))
    typer.echo(f"{job.id}: priority {job.priority}")


@jobs.command("run")
def run(
    *,
    at_once: Annotated[int, typer.Option(min=1, max=10_000, help="The most calls in flight from here.")] = 64,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="The simulated model of this process instead.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="End when no job may run.")] = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Run jobs, one after the other, in what live traffic leaves; several runners share the work. Until Ctrl-C.

    Examples: penchant jobs run

    penchant jobs run --once --simulated
    """
    settings = load_settings(config).settings
    configure_logs(settings.log.level, settings.log.format)
    ended = asyncio.run(run_jobs(settings, at_once=at_once, simulated=simulated, once=once))
    typer.echo(orjson.dumps({"ended": ended}) if json else f"{ended} {'job' if ended == 1 else 'jobs'} ended")


def _row(view: JobView) -> tuple[str, ...]:
    job, progress = view.job, view.progress
    total = "" if progress.total is None else f" of {progress.total:,}"
    took_s, left_s = (progress.at_ms - progress.began_ms) / 1e3, progress.left_s()
    running = view.state == "running"
    return (
        job.id, view.state, job.kind, job.team, job.use_case, str(job.priority),
        instant(job.deadline_ms) if job.deadline_ms else "", f"{progress.done:,}{total}",
        f"{(progress.done - progress.kept) / took_s:.1f}" if running and took_s > 0 else "",
        f"{left_s / 60:,.0f} min" if running and left_s is not None else "",
        f"{progress.input_tokens + progress.output_tokens:,}", "" if progress.cost is None else f"{progress.cost:,.2f}",
    )  # fmt: skip
