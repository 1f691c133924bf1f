"""The server and the readers of these tests."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from readers.python.tests.scripted import Connect, Conversation, InLoop, Reader, ScriptedRedis, hash_of

from penchant_reader import IntentReader


@pytest.fixture
def server() -> Iterator[ScriptedRedis]:
    """A server that has an intent under every key, the key in its document, until told otherwise."""
    with ScriptedRedis(("127.0.0.1", 0), Conversation) as server:
        server.answer = hash_of
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(params=[IntentReader, InLoop], ids=["threads", "asyncio"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Makes readers, of each kind in turn, and closes them."""
    with ExitStack() as stack:

        def make(url: str, **options: Any) -> Reader:
            reader: Reader = stack.enter_context(closing(request.param(url, **options)))
            return reader

        yield make
