"""penchant eval: how well rules, a model and versions of the prompt foresee what recorded shoppers did next."""

import asyncio
import io
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from penchant.cli.eval_options import (
    AnswersFile,
    Events,
    Folder,
    InFolds,
    JudgeUrl,
    Labels,
    Learned,
    Match,
    ModelUrl,
    Pairs,
    PredictorFile,
    Prompts,
    Seed,
    Sessions,
    Shuffled,
    Support,
    Trained,
    Unchanged,
    Unseen,
)
from penchant.cli.options import ColumnsFile, Config, Json, ProductsFile
from penchant.offline import training
from penchant.offline.eval import subjects
from penchant.offline.eval.match_reasons import reason_rows
from penchant.offline.eval.match_report import Scoring, match_report, show_match
from penchant.offline.eval.pages import html, markdown
from penchant.offline.eval.raw_answers import RawAnswers
from penchant.offline.eval.run import Judging, Outcome, labels, read, run
from penchant.offline.eval.score_table import show_scores
from penchant.offline.eval.scoring import EvalPlan
from penchant.offline.labels.folder import write_pairs
from penchant.offline.learning import foresights
from penchant.offline.products.shelf import shelf
from penchant.operations.match import words
from penchant.process.logs import configure_logs
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings
from prompts.learned.predictor import load
from prompts.learned.snapshot import SUPPORT
from streams.events.event import ShopperEvent

FAILED = 1
TELL_EVERY_S = 15.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says beside the plan."""

    model_url: str | None
    versions: Sequence[str]
    judge_url: str | None
    pairs: int
    labels: Mapping[str, str]
    answers: Path | None


def eval(  # noqa: A001 # the command's name
    *,
    events: Events,
    model_url: ModelUrl = None,
    prompt: Prompts = None,
    sessions: Sessions = 2_000,
    shuffled: Shuffled = False,
    judge: JudgeUrl = None,
    pairs: Pairs = 100,
    labelled: Labels = None,
    report: Folder = None,
    answers: AnswersFile = None,
    match: Match = False,
    learned: Learned = None,
    predictor: PredictorFile = None,
    folds: InFolds = 0,
    train: Trained = False,
    products: ProductsFile = None,
    columns: ColumnsFile = None,
    unseen: Unseen = 0.0,
    support: Support = SUPPORT,
    unchanged: Unchanged = 0.0,
    seed: Seed = 1,
    config: Config = None,
    json: Json = False,
) -> None:
    """Cut recorded sessions, hide what came next, and score who foresees it: trivial rules, rules, model, prompts.

    Exit status 1 when the harness fails its own check (on shuffled events everything must fall to chance), or when a
    judge whom people agree with prefers the first of two predictors to the second.

    Examples: penchant eval --events rees46.csv --json

    penchant eval --events rees46.csv --model-url http://localhost:8000/v1 --prompt v1 --report run/eval
    """
    settings = load_settings(config).settings
    configure_logs("error", stream=io.StringIO())
    if match:
        recorded = read(events, settings.privacy)
        scored = asyncio.run(_matched(recorded, events.name, settings, seed, model_url, sessions))
        show_match(Console(stderr=json), scored)
        if report is not None:
            write_pairs(report, reason_rows(recorded, seed, pairs, words(settings, None)))
        if json:
            typer.echo(orjson.dumps(scored))
        return
    trained = (lambda shoppers: load(training.train(shoppers, support))) if train else None
    plan = EvalPlan(
        events, sessions, seed, shuffled, settings.prompts.vocabulary,
        foresights=foresights(
            learned, folds, support, predictor, trained,
            shelf(products, columns, settings) if products else (), unseen,
        ),
        unchanged_for_s=unchanged,
        template=settings.prompts.template((prompt or [settings.prompt.version])[0]),
    )  # fmt: skip
    answers = answers or (report / "answers.jsonl" if report and model_url else None)
    asked = Asked(model_url, prompt or (), judge, pairs, labels(labelled) if labelled else {}, answers)
    _tell(asyncio.run(_evaluate(plan, settings, asked)), report, json=json)


def _tell(outcome: Outcome, folder: Path | None, *, json: bool) -> None:
    if folder is not None:
        _write(folder, outcome)
    show_scores(Console(stderr=json), outcome.report)
    if json:
        typer.echo(orjson.dumps(outcome.report))
    if not outcome.passed:
        typer.secho("The eval failed; its report says why.", err=True)
        raise typer.Exit(FAILED)


async def _evaluate(plan: EvalPlan, settings: Settings, asked: Asked) -> Outcome:
    recorded = await asyncio.to_thread(read, plan.events, settings.privacy)
    async with (
        subjects.subjects(settings, asked.model_url, asked.versions) as models,
        subjects.judge(settings, asked.judge_url) as client,
    ):
        judging = Judging(client, asked.pairs, asked.labels) if client else None
        with _bars() as bars, RawAnswers(asked.answers) as kept:
            return await run(plan, recorded, models, judging, bars, kept)


async def _matched(
    events: Sequence[ShopperEvent], name: str, settings: Settings, seed: int, url: str | None, most: int
) -> dict[str, Any]:
    if url is None:
        return await match_report(events, name, seed)
    client = subjects.at(settings, url)
    try:
        return await match_report(events, name, seed, Scoring(client, most))
    finally:
        await client.close()


class _Bars:
    """A bar for each thing that takes long, on stderr; a line now and then where that is no terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bar: TaskID | None = None
        self._told_s = 0.0

    def begin(self, what: str, total: int) -> None:
        self._bar, self._told_s = self._progress.add_task(what, total=total), time.monotonic()

    def advance(self, steps: int) -> None:
        if self._bar is None:
            return
        self._progress.advance(self._bar, steps)
        if not self._progress.console.is_terminal and time.monotonic() >= self._told_s + TELL_EVERY_S:
            self._told_s = time.monotonic()
            task = next(each for each in self._progress.tasks if each.id == self._bar)
            left = "" if task.time_remaining is None else f", {task.time_remaining / 60:.0f} minutes left"
            typer.echo(f"{task.description}: {task.completed:,.0f} of {task.total:,.0f}{left}", err=True)


@contextmanager
def _bars() -> Iterator[_Bars]:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _Bars(progress)


def _write(folder: Path, outcome: Outcome) -> None:
    """The pages, the plots where matplotlib is there, and the pairs for people to label."""
    folder.mkdir(parents=True, exist_ok=True)
    plots = _plots(outcome.report)
    for name, svg in plots.items():
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
    (folder / "report.md").write_text(markdown(outcome.report, plots), encoding="utf-8")
    (folder / "report.html").write_text(html(outcome.report, plots), encoding="utf-8")
    write_pairs(folder, outcome.pairs)


def _plots(report: Mapping[str, Any]) -> dict[str, str]:
    try:
        from penchant.offline.eval.plots import plots  # noqa: PLC0415 (matplotlib is slow to import, and optional)
    except ModuleNotFoundError:
        typer.secho("No plots without matplotlib; install penchant[bench] for them.", err=True)
        return {}
    return plots(report)
