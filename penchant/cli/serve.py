"""penchant serve: matches and intents by HTTP, while the page loads."""

import asyncio
from importlib.util import find_spec
from typing import Annotated

import typer

from penchant.cli.options import Config
from penchant.process.logs import configure_logs
from penchant.settings.sources import load_settings
from streams.errors import PlatformLacks

Port = Annotated[int | None, typer.Option(min=0, max=65_535, help="The port; 0 is any free one. Else serve.port.")]


def serve(*, port: Port = None, config: Config = None) -> None:
    """Answer POST /v1/match and /v1/intent until Ctrl-C, each within its deadline, with GET /healthz and /metrics.

    It listens on this machine alone unless [http] says who else may come in, by bearer token (docs/tiers.md). The
    description of the API is at /openapi.json.

    Example: penchant serve --port 8360
    """
    if find_spec("fastapi") is None or find_spec("uvicorn") is None:
        raise PlatformLacks("serving needs FastAPI and uvicorn", "pip install 'penchant[serve]'")
    from penchant.serve.service import serve as serving  # noqa: PLC0415 # what it needs is optional

    overrides = {} if port is None else {"serve.port": port}
    settings = load_settings(config, overrides).settings
    configure_logs(settings.log.level, settings.log.format)
    asyncio.run(serving(settings, lambda address: typer.echo(f"Serving at {address}")))
