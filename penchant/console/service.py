"""Service: the console as a process, or beside a demonstration."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from penchant.console.app import OPEN_PATHS, SIGN_IN, Console, Runners
from penchant.console.ranges import PrometheusRanges
from penchant.console.watch import FleetWatch
from penchant.front.identity import Identities
from penchant.front.server import served
from penchant.process.signals import stop_signals
from penchant.settings.root import Settings


async def serve(settings: Settings, origins: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; `say` hears the address. SettingInvalid when nobody can listen there, or could
    be told from anybody."""
    with stop_signals() as asked:
        async with console(settings, origins) as address:
            say(address)
            await asked.wait()


@asynccontextmanager
async def console(settings: Settings, origins: Mapping[str, str] | None = None) -> AsyncIterator[str]:
    """Serve while the block runs; gives the address. `origins` say by full name where each setting came from."""
    rules, http = settings.console, settings.http
    identities = Identities(http, rules.host)
    watch, runners = FleetWatch(settings), Runners.of(settings)
    ranges = PrometheusRanges(rules.prometheus_url.get_secret_value()) if rules.prometheus_url else None
    app = Console(settings, origins or {}, watch, identities, runners, ranges).app()
    address = (rules.host, rules.port)
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(watch.run())
        try:
            await watch.after(0)
            async with served(
                app, http, identities, address, open_paths=OPEN_PATHS, sign_in=SIGN_IN if identities.signs_in else None
            ) as url:
                yield url
        finally:
            watching.cancel()
            await runners.hold()
            if ranges is not None:
                await ranges.close()
