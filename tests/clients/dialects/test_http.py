"""HTTP to a model server: what proxies and gateways say in strange ways is a failure of one call."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clients.calls import Call
from clients.dialects.http import _seconds
from clients.dialects.openai import OpenAIClient
from streams.errors import ContractMismatch, ModelOverloaded, ModelUnavailable
from tests.fakes.canned_server import answer, canned

CHARSETS = ("undefined", "idna", "hex", "utf-16", "no-such-charset", "\u00e9", "utf-8")


@asynccontextmanager
async def client(status: int, content: bytes, headers: Mapping[bytes, bytes]) -> AsyncIterator[OpenAIClient]:
    """One whose server answers every request so."""
    async with canned(answer(status, content, headers)) as url:
        model = OpenAIClient(url, "m", server="other")
        yield model
        await model.close()


async def ask(model: OpenAIClient) -> None:
    await model.complete(Call("c", "p", asyncio.get_running_loop().time() + 5.0, 10))


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("status", [307, 400, 404, 429, 502])
async def test_an_error_page_of_any_charset_fails_its_call_alone(charset: str, status: int) -> None:
    """A proxy may name a charset that does not exist, or that is no charset; a probe hears the same."""
    headers = {b"Content-Type": f"text/html; charset={charset}".encode()}
    async with client(status, b"<html>\xff 502</html>", headers) as model:
        with pytest.raises(ModelUnavailable, match="502"):
            await ask(model)
        with pytest.raises((ModelUnavailable, ContractMismatch), match=r"127\.0\.0\.1"):
            await model.probe()


@pytest.mark.parametrize("wish", ["\u00b2", "soon", "-5", "1e400", "9" * 400, "", "Mon, 99 Foo 99999 25:61:61 GMT"])
async def test_a_wish_that_says_nothing_is_ignored(wish: str) -> None:
    """The overload counts all the same."""
    async with client(429, b"busy", {b"Retry-After": wish.encode()}) as model:
        with pytest.raises(ModelOverloaded, match="busy"):
            await ask(model)


@given(st.text())
@example("\u00b2")
@example("\u0663")
def test_any_header_is_seconds_or_nothing(text: str) -> None:
    """Never an exception, never a negative time."""
    seconds = _seconds(text)
    assert seconds is None or seconds >= 0
