"""Fronts: the console and the real-time tier on free ports, without a Redis, in a thread of their own."""

import asyncio
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from penchant.console.service import console
from penchant.serve.service import serving
from penchant.settings.operation import Console, Serve
from penchant.settings.root import Settings
from storage.redis_rules import RedisRules

WITHIN_S = 30.0


class Fronts:
    """Both servers, asked over real connections by whoever comes from this machine."""

    def __init__(self, client: httpx.Client, urls: tuple[str, str]) -> None:
        self._client, self._urls = client, urls

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> list[httpx.Response]:
        """The answers to a request; none of a server that ended the connection. httpx.InvalidURL and LocalProtocolError
        for what the client would not send."""
        answers = []
        for url in self._urls:
            request = self._client.build_request(method, url + path, headers=headers, content=body)
            try:
                answers.append(self._client.send(request))
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                continue
        return answers

    def after(self, raw: bytes) -> list[int]:
        """The status of a plain request to each, once these bytes have been sent on a connection of their own."""
        for url in self._urls:
            address = urlsplit(url)
            with socket.create_connection((address.hostname, address.port), WITHIN_S) as connection:
                connection.sendall(raw)
        return [self._client.get(f"{url}/nothing-here").status_code for url in self._urls]


@contextmanager
def fronts() -> Iterator[Fronts]:
    """They run while the block does."""
    urls, stopped = Future[tuple[str, str]](), Future[None]()
    with ThreadPoolExecutor(1) as thread, httpx.Client(timeout=WITHIN_S, trust_env=False) as client:
        serving_all = thread.submit(lambda: asyncio.run(_serve(urls, stopped)))
        try:
            either: list[Future[Any]] = [serving_all, urls]
            wait(either, WITHIN_S, FIRST_COMPLETED)
            if serving_all.done():
                serving_all.result()
            yield Fronts(client, urls.result(0))
        finally:
            stopped.set_result(None)
            serving_all.result(WITHIN_S)


async def _serve(urls: "Future[tuple[str, str]]", stopped: "Future[None]") -> None:
    away = RedisRules(url="redis://127.0.0.1:9/0", timeout_s=0.2)
    settings = Settings(redis=away, serve=Serve(port=0), console=Console(port=0))
    async with serving(settings) as tier, console(settings) as pages:
        urls.set_result((tier, pages))
        await asyncio.wrap_future(stopped)
