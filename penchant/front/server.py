"""Server: an application, behind the gate, on an address of this machine."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from penchant.front.certificates import ServerTls
from penchant.front.gate import Gate
from penchant.front.identity import Identities
from penchant.front.origins import hosts
from penchant.front.rules import HttpRules
from streams.errors import SettingInvalid

END_WITHIN_S = 2.0
"""How long answers under way may take at the end."""

LISTEN_WITHIN_S = 10.0
MOST_HEADER_BYTES = 16_384


class _Server(uvicorn.Server):
    """uvicorn, which would take the process's signals for itself. `listening` is set when it does."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them to whoever runs the process."""
        yield


@asynccontextmanager
async def served(
    app: ASGIApp,
    rules: HttpRules,
    identities: Identities,
    address: tuple[str, int],
    *,
    open_paths: Sequence[str] = (),
    sign_in: str | None = None,
    programs: bool = False,
    larger: Mapping[str, int] | None = None,
    most_connections: int = 256,
) -> AsyncIterator[str]:
    """Serve while the block runs; gives the address as a URL. Port 0 takes a free one. More connections than
    `most_connections` at once are answered 503.

    SettingInvalid when nobody can listen there. What breaks in the server is raised in the block.
    """
    with contextlib.closing(_listen(*address)) as listening:
        port: int = listening.getsockname()[1]
        named = hosts(port, rules.hosts)
        gate = Gate(app, rules, identities, named, open_paths, sign_in, programs=programs, larger=larger)
        server = _Server(_config(gate, rules, most_connections))
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(server.serve(sockets=[listening]))
            async with asyncio.timeout(LISTEN_WITHIN_S):
                await server.listening.wait()
            try:
                yield f"{'https' if rules.cert_file else 'http'}://{_shown(address[0])}:{port}"
            finally:
                server.should_exit = True
                async with asyncio.timeout(END_WITHIN_S * 2 + 1):
                    await serving


def _config(gate: Gate, rules: HttpRules, most_connections: int) -> uvicorn.Config:
    config = uvicorn.Config(
        gate,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # who a proxy may speak for is decided in identity.py
        limit_concurrency=most_connections,
        timeout_graceful_shutdown=int(END_WITHIN_S),
        h11_max_incomplete_event_size=MOST_HEADER_BYTES,
    )
    config.load()
    config.ssl = ServerTls(rules) if rules.cert_file is not None else None
    return config


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError as exc:
        listening.close()
        raise SettingInvalid(f"cannot listen on {host} port {port}: {exc.strerror}", "choose a free port") from exc
    return listening


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
