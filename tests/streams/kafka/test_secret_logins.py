"""Secret logins: no error of a Kafka that cannot be talked to, and no log line, shows a piece of its password."""

import asyncio
import itertools
import logging
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import pytest
from pydantic import SecretStr

from streams.errors import PenchantError
from streams.kafka.options import KafkaOptions, Login, Mechanism, Protocol
from streams.kafka.reader import TopicReader
from tests.secret_texts import LETTERS, SPECIAL, pieces

WITHIN_S = 2.0
SECRETS = [f"{LETTERS}{mark}{LETTERS[::-1]}{mark}" for mark in (*SPECIAL, "%25", "//", "\u00e9#")]
ANSWERS = [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\0\4\0\0\0\1", b"\xff" * 64]
LOGINS: list[tuple[Protocol, Mechanism]] = [
    ("SASL_PLAINTEXT", "PLAIN"), ("SASL_PLAINTEXT", "SCRAM-SHA-256"), ("SASL_SSL", "SCRAM-SHA-512"),
]  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS, ids=["nothing", "http", "cut", "rubbish"])
async def test_no_error_shows_a_password(answer: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever characters it has, however it logs in, and whatever the other side says before it hangs up; nor do the
    options themselves, nor the libraries' logs at any level."""
    caplog.set_level(logging.DEBUG)
    async with await asyncio.start_server(_saying(answer), "127.0.0.1", 0) as server:
        brokers = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for secret, (protocol, mechanism) in zip(SECRETS, itertools.cycle(LOGINS), strict=False):
            options = KafkaOptions(brokers, protocol, mechanism, sasl_username="me", sasl_password=SecretStr(secret))
            said = await _refusal(options) + repr(options) + repr(options.password()) + caplog.text
            assert "Kafka" in said
            assert not pieces(secret, said), said
    assert {mechanism for _, mechanism in LOGINS} < set(get_args(Mechanism))


def test_a_password_file_that_is_being_written_leaves_the_password_in_use(tmp_path: Path) -> None:
    """It is empty for a moment, perhaps just when it is looked at for the first time after the login."""
    client, file = SimpleNamespace(), tmp_path / "kafka.secret"
    file.write_text("first")
    login = Login(KafkaOptions("kafka:9092", "SASL_PLAINTEXT", sasl_username="me", sasl_password_file=file), client)
    for content, password in (("", "first"), ("second", "second"), ("", "second")):
        file.write_text(content)
        login.refresh()
        assert client._sasl_plain_password == password


def _saying(answer: bytes) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(64)
        writer.write(answer)
        writer.close()

    return serve


async def _refusal(options: KafkaOptions) -> str:
    """The error with its whole traceback."""
    try:
        async with TopicReader(options, WITHIN_S):
            return ""
    except PenchantError as error:
        return "".join(traceback.format_exception(error))
