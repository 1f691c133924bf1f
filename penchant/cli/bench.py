"""penchant bench: what Penchant costs and holds. The benchmarks stand in a checkout, not in the installed package."""

from importlib import import_module
from importlib.util import find_spec

import typer

from streams.errors import PlatformLacks


def commands() -> typer.Typer:
    """The commands of benchmarks/command.py. Raises PlatformLacks where Penchant was installed without them."""
    if find_spec("benchmarks") is None:
        raise PlatformLacks(
            "the benchmarks are not part of the installed package", "run it from a checkout: git clone, then make setup"
        )
    group: typer.Typer = import_module("benchmarks.command").bench
    return group


bench = commands()
