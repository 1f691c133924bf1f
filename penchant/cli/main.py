"""The command line. Each command lives in a module of its own, which is imported when that command runs."""

import sys
from collections.abc import Callable
from importlib import import_module
from traceback import print_exception
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from penchant import __version__
from streams.errors import PenchantError, PlatformLacks, SettingInvalid

PANELS = {
    "Start": {
        "demo": "See the whole pipeline run on this machine, without Docker, GPU or servers.",
        "init": "Look at a shop's topic and servers, and write a first settings file.",
        "doctor": "Look at everything that a worker needs, and say what to do.",
        "settings": "Show every setting in force and where it came from.",
    },
    "Run": {
        "worker": "Run the service: shopper events from Kafka become intents in Redis.",
        "console": "Show the fleet in a browser, live.",
        "serve": "Answer which products fit a shopper, by HTTP.",
        "rekey": "Make one topic keyed by shopper out of any topics.",
    },
    "Operate": {
        "control": "See what a fleet of workers does, and decide for all of it.",
        "experiments": "See how the arms of experiments did, and roll one back.",
        "inspect": "Show everything about a shopper's intent, and why it is as old as it is.",
        "jobs": "Run work beside live traffic: requests of other teams, and products.",
        "match": "Put products in the order in which they fit a shopper, with reasons.",
        "forget": "Erase shoppers for good.",
        "replay": "Read a range of the topic, or a file, again: beside what is live, or over it.",
        "dead-letters": "Look at refused records, and send them back after a fix.",
        "lineage": "Show which log the contexts belong to, or take up another one.",
    },
    "Judge and plan": {
        "audit": "Plant instructions and personal data, and see what they move or leak.",
        "eval": "Score rules, model and prompts on what recorded shoppers did next.",
        "labels": "Count and exchange what people say of pairs of intents.",
        "prompts": "Look at the prompt templates, and check and compare your own.",
        "products": "Find out what products are and which needs they meet, with quotes.",
        "learn": "Count what a recording's shoppers teach, for rules that foresee by it.",
        "export": "Join ranking requests to the intents that were readable then, for training.",
        "estimate": "Learn from a few minutes of a topic what it would cost.",
        "tune": "Find settings that reach a target at the least GPU time.",
        "whatif": "Play recorded events again with other settings, and see what differs.",
    },
    "Try and measure": {
        "simulate": "Send shopper events to Kafka, or serve a model before a simulated GPU.",
        "bench": "Measure what it costs and holds, beside others, on this machine.",
    },
}
"""The overview: every command and its line, by panel."""

COMMANDS = {name: line for panel in PANELS.values() for name, line in panel.items()}
"""`dead-letters` is `dead_letters` in penchant/cli/dead_letters.py: a function, or a typer.Typer that has commands of
its own."""

EMBEDDED = ("confluent_kafka", "penchant_reader")
"""Modules of the extra `embedded` that commands cannot be imported without."""

USAGE = 2
FAILURE = 1


class LazyGroup(TyperGroup):
    """Knows its commands by name, imports the one that runs, and turns our errors into messages."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {
            name: TyperCommand(name, help=line, rich_help_panel=panel)
            for panel, commands in PANELS.items()
            for name, line in commands.items()
        }

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> Any:  # type: ignore[override] # typer hides its context class
        """Import the command that is about to run, or to say what it can."""
        if args[0] in COMMANDS:
            self.commands[args[0]] = _load(args[0])
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override] # as above
        """Expected errors become a message and an exit status; `--debug` shows the traceback too."""
        try:
            return super().invoke(ctx)
        except* PenchantError as group:
            errors = _leaves(group)
            for error in errors:
                if ctx.params["debug"]:
                    print_exception(error)
                typer.secho(f"penchant: {error}", err=True, fg="red" if sys.stderr.isatty() else None)
        raise typer.Exit(max(map(exit_status, errors)))


def exit_status(error: PenchantError) -> int:
    """2 when the call or this machine must change first, 1 otherwise."""
    return USAGE if isinstance(error, SettingInvalid | PlatformLacks) else FAILURE


app = typer.Typer(
    name="penchant",
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,  # they print local variables, passwords among them
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:  # noqa: FBT001 # typer calls it so
    if wanted:
        typer.echo(f"penchant {__version__}")
        raise typer.Exit


@app.callback()
def penchant(
    *,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an expected error too.")] = False,
) -> None:
    """Turn what shoppers do into what they want, before their next click.

    Example: penchant settings --help
    """


def main() -> None:
    """Run the command line, as `penchant` does."""
    app()


def _load(name: str) -> Any:
    attribute = name.replace("-", "_")
    try:
        command: typer.Typer | Callable[..., None] = getattr(import_module(f"penchant.cli.{attribute}"), attribute)
    except ModuleNotFoundError as error:
        if error.name not in EMBEDDED:
            raise
        raise PlatformLacks(f"penchant {name} needs {error.name}", "pip install 'penchant[embedded]'") from error
    if not isinstance(command, typer.Typer):
        alone = typer.Typer(rich_markup_mode="rich", add_completion=False)
        alone.command(name)(command)
        command = alone
    return typer.main.get_command(command)


def _leaves(group: BaseExceptionGroup[PenchantError]) -> list[PenchantError]:
    leaves: list[PenchantError] = []
    for error in group.exceptions:
        leaves += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return leaves
