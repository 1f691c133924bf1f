"""Eval options: what `penchant eval` takes on its command line."""

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.options import RECORDED

Events = Annotated[Path, typer.Option(metavar="FILE", help=f"A recording: events {RECORDED}")]
ModelUrl = Annotated[
    str | None, typer.Option(metavar="URL", help="A model server; else the simulated model of this process.")
]
Prompts = Annotated[
    list[str] | None, typer.Option(metavar="VERSION", help="A version of the prompt; several to compare them.")
]
Sessions = Annotated[
    int, typer.Option(min=1, help="The most sessions that are cut, or choices scored; drawn when more.")
]
Shuffled = Annotated[
    bool, typer.Option("--shuffled", help="Shuffle the events across shoppers first: everything must fall to chance.")
]
JudgeUrl = Annotated[
    str | None, typer.Option(metavar="URL", help="A model server that compares the last two predictors.")
]
Pairs = Annotated[
    int,
    typer.Option(min=1, help="How many pairs the judge sees, each in both orders; or reasons to label."),
]
Labels = Annotated[
    Path | None,
    typer.Option("--labels", metavar="FILE", help="What people said of these pairs: JSON lines of pair and winner."),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Write report.md, report.html, the plots and the judge's pairs, or matches' reasons, there.",
    ),
]
Match = Annotated[
    bool,
    typer.Option(
        "--match",
        help="Instead: who puts the product opened next nearest to the top of twenty; with --model-url its scores too.",
    ),
]
Learned = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A snapshot of penchant learn; else rules learn from what lies before each cut."),
]
InFolds = Annotated[
    int, typer.Option("--folds", min=0, help="Learn from the other shoppers instead, who are in so many parts.")
]
PredictorFile = Annotated[
    Path | None,
    typer.Option(
        "--predictor", metavar="FILE", help="With --learned: one of penchant learn --predictor; column `predicted`."
    ),
]
Trained = Annotated[
    bool, typer.Option("--train", help="With --folds: train a predictor on the other parts; takes a minute a fold.")
]
Unseen = Annotated[
    float, typer.Option(min=0, max=0.9, help="With --folds: the share of products that those who teach never saw.")
]
Support = Annotated[
    int, typer.Option(min=1, help="The shoppers that what is learned needs. Fewer than 20 are for trials.")
]
AnswersFile = Annotated[
    Path | None,
    typer.Option(
        "--answers",
        metavar="FILE",
        help="Keep raw answers and how long they took there; the same command goes on from it.",
        show_default="answers.jsonl in the folder of --report",
    ),
]
Unchanged = Annotated[
    float,
    typer.Option(
        "--unchanged-for",
        min=0,
        metavar="SECONDS",
        help="Columns of what would stand with calls.unchanged_for_s: calls left out while the rules say the same.",
    ),
]
Seed = Annotated[int, typer.Option(help="Where the dice start.")]
