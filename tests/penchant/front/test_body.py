"""What a request brings along, given on."""

import asyncio

import pytest
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.types import Message

from penchant.front.body import SLICE, BodyTooLarge, read, replayed

BOUNDARY = "a-boundary"
SIZE = 4 * 2**20


async def nobody() -> Message:
    """The sender is gone."""
    return {"type": "http.disconnect"}


def upload(content: bytes) -> bytes:
    """A form with a file."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


async def test_others_have_their_turn_while_a_large_file_is_parsed() -> None:
    """One for each slice, though the file came in one piece."""
    body, turns, done = upload(b"x\r\n-" * (SIZE // 4)), 0, asyncio.Event()

    async def other() -> None:
        nonlocal turns
        while not done.is_set():
            turns += 1
            await asyncio.sleep(0)

    headers = [(b"content-type", f"multipart/form-data; boundary={BOUNDARY}".encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers, "query_string": b""}
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(other())
        async with Request(scope, replayed([body], nobody)).form() as form:
            found = form["file"]
            assert isinstance(found, UploadFile)
            assert len(await found.read()) == SIZE
        done.set()
    assert turns >= SIZE // SLICE


@pytest.mark.parametrize("parts", [[], [b""], [b"a"], [b"a" * SLICE, b"b" * (SLICE + 1)]])
async def test_a_body_is_given_on_as_it_was(parts: list[bytes]) -> None:
    """To its end, then that the sender is gone."""
    receive, got, more = replayed(parts, nobody), b"", True
    while more:
        message = await receive()
        got, more = got + message["body"], message["more_body"]
    assert got == b"".join(parts)
    assert (await receive())["type"] == "http.disconnect"


async def test_a_body_that_grows_beyond_its_bound_is_refused() -> None:
    """Though it announced less."""

    async def receive() -> Message:
        return {"type": "http.request", "body": b"x" * 60, "more_body": True}

    with pytest.raises(BodyTooLarge):
        await read(receive, 100, "10")
