"""penchant console: the fleet in a browser, live."""

import asyncio
from importlib.util import find_spec
from typing import Annotated

import typer

from penchant.cli.options import Config
from penchant.process.logs import configure_logs
from penchant.settings.sources import load_settings
from streams.errors import PlatformLacks

Port = Annotated[int | None, typer.Option(min=0, max=65_535, help="The port; 0 is any free one. Else console.port.")]
ReadOnly = Annotated[bool, typer.Option("--read-only", help="Nobody changes anything from it, whatever their role.")]


def console(*, port: Port = None, read_only: ReadOnly = False, config: Config = None) -> None:
    """Serve the console until Ctrl-C: whether intents are fresh, who holds whom up, each shopper, worker and model.

    It shows what control status and inspect show, by the same functions, and asks Redis once a second however many look
    at it. It listens on this machine alone unless [http] says who else may come in (docs/console.md).

    Example: penchant console --port 8350
    """
    if find_spec("starlette") is None or find_spec("uvicorn") is None:
        raise PlatformLacks("the console needs a web server", "pip install 'penchant[http]'")
    from penchant.console.service import serve  # noqa: PLC0415 # what it needs is optional

    given = {"console.port": port, "console.read_only": read_only or None}
    overrides = {name: value for name, value in given.items() if value is not None}
    loaded = load_settings(config, overrides)
    configure_logs(loaded.settings.log.level, loaded.settings.log.format)
    asyncio.run(serve(loaded.settings, loaded.origins, lambda address: typer.echo(f"The console is at {address}")))
