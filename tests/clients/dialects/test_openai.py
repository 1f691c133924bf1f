"""The ways of OpenAI-compatible servers, on one that plays their quirks."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from msgspec import structs

from clients.calls import Image
from clients.dialects.openai import OpenAIClient
from streams.errors import CallRefused, ContractMismatch, ModelOverloaded, ModelUnavailable, SettingInvalid
from tests.clients.asking import ask
from tests.clients.keys import keyed
from tests.fakes.openai_kinds import Refused
from tests.fakes.openai_server import OpenAIServer
from tests.fakes.scripted_calls import Turn


@pytest.fixture
async def client(openai_server: OpenAIServer) -> AsyncIterator[OpenAIClient]:
    """A client that knows nothing but the URL."""
    client = OpenAIClient(openai_server.url)
    yield client
    await client.close()


async def test_request(client: OpenAIClient, openai_server: OpenAIServer) -> None:
    """Everything that a call says stands in the request, the schema as JSON and not as a text."""
    await client.complete(ask(Turn(), json_schema='{"type":"object"}', stop=("\n\n",)))
    (body,) = openai_server.bodies
    assert body == {
        "model": "tiny",
        "messages": [{"role": "user", "content": Turn().prompt()}],
        "max_tokens": 50,
        "temperature": 0.0,
        "seed": 0,
        "stop": ["\n\n"],
        "stream": True,
        "stream_options": {"include_usage": True},
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": {"type": "object"}},
        },
    }


async def test_an_image_stands_behind_the_prompt(client: OpenAIClient, openai_server: OpenAIServer) -> None:
    """As bytes; where it came from is not told."""
    image = Image("https://seller.example/a.png", "image/png", b"\x89PNG")
    await client.complete(structs.replace(ask(Turn()), image=image))
    (body,) = openai_server.bodies
    assert body["messages"] == [{"role": "user", "content": [
        {"type": "text", "text": Turn().prompt()},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
    ]}]  # fmt: skip
    assert "seller.example" not in str(body)


async def test_an_image_that_is_refused_is_the_call_s_fault(client: OpenAIClient, openai_server: OpenAIServer) -> None:
    """Again it would be the same; a prompt without one that is refused so says that the server is of no use."""
    image = Image("https://seller.example/a.png", "image/png", b"\x89PNG")
    openai_server.refuses = lambda _: Refused(400, "cannot identify image file")
    with pytest.raises(CallRefused):
        await client.complete(structs.replace(ask(Turn()), image=image))
    with pytest.raises(ModelUnavailable):
        await client.complete(ask(Turn()))
    openai_server.refuses = lambda _: Refused(500, "out of memory")
    with pytest.raises(ModelUnavailable):
        await client.complete(structs.replace(ask(Turn()), image=image))


async def test_figures(client: OpenAIClient) -> None:
    """Tokens are those of the server's usage; the time to the first token and the rest are measured."""
    completion = await client.complete(ask(Turn(("a", "b"), delay_s=0.05)))
    assert (completion.input_tokens, completion.output_tokens, completion.cached_tokens) == (100, 7, 64)
    assert completion.queue_ms is None
    assert completion.prefill_ms is not None
    assert completion.prefill_ms >= 50
    assert completion.decode_ms is not None


async def test_the_first_token_is_told(client: OpenAIClient) -> None:
    """Once, when it comes; a call that fails before it tells nothing."""
    begun: list[str] = []
    await client.complete(structs.replace(ask(Turn(("a", "b", "c"))), begun=lambda: begun.append("began")))
    assert begun == ["began"]
    with pytest.raises(ModelOverloaded):
        await client.complete(structs.replace(ask(Turn(fault="overload-503")), begun=lambda: begun.append("never")))
    assert begun == ["began"]


async def test_no_usage(client: OpenAIClient) -> None:
    """A server that tells no usage leaves the figures open."""
    completion = await client.complete(ask(Turn(("a",), fault="mute")))
    assert completion.text == "a"
    assert (completion.input_tokens, completion.output_tokens, completion.cached_tokens) == (None, None, None)


async def test_no_stream(client: OpenAIClient) -> None:
    """A server that answers in one piece though a stream was asked for is understood."""
    completion = await client.complete(ask(Turn(("a", "b"), fault="plain")))
    assert completion.text == "ab"
    assert completion.input_tokens == 100


@pytest.mark.parametrize("fault", ["overload", "overload-503", "overload-529"])
async def test_overload_statuses(client: OpenAIClient, fault: str) -> None:
    """429, 503 and Dynamo's 529 ask for less, and say for how long."""
    with pytest.raises(ModelOverloaded) as overload:
        await client.complete(ask(Turn(fault=fault)))
    assert overload.value.retry_after_s == 7


async def test_retry_after_date(client: OpenAIClient, openai_server: OpenAIServer) -> None:
    """Retry-After may be a date."""
    openai_server.retry_after = format_datetime(datetime.now(UTC) + timedelta(minutes=2), usegmt=True)
    with pytest.raises(ModelOverloaded) as overload:
        await client.complete(ask(Turn(fault="overload")))
    assert overload.value.retry_after_s is not None
    assert 60 < overload.value.retry_after_s <= 120


async def test_retry_after_nonsense(client: OpenAIClient, openai_server: OpenAIServer) -> None:
    """A Retry-After that is neither is ignored."""
    openai_server.retry_after = "soon"
    with pytest.raises(ModelOverloaded) as overload:
        await client.complete(ask(Turn(fault="overload")))
    assert overload.value.retry_after_s is None


async def test_overload_in_stream(client: OpenAIClient) -> None:
    """An overload that comes as an event of a 200 stream is one."""
    with pytest.raises(ModelOverloaded, match="queue is full"):
        await client.complete(ask(Turn(fault="overload-in-stream")))


@pytest.mark.parametrize("fault", ["failure-in-stream", "cut", "garbage", "silent"])
async def test_broken_streams(client: OpenAIClient, fault: str) -> None:
    """A 200 stream that errs, breaks off, is no JSON or ends without an answer is a failure, never half an answer."""
    with pytest.raises(ModelUnavailable) as failure:
        await client.complete(ask(Turn(("half",), fault=fault)))
    assert not isinstance(failure.value, ModelOverloaded)


async def test_model_is_found(client: OpenAIClient) -> None:
    """Without a model given, the first that the server lists is taken, and named."""
    assert (await client.probe()).endswith("model tiny")
    assert (await client.complete(ask(Turn()))).model == "tiny"


async def test_wrong_model(openai_server: OpenAIServer) -> None:
    """A model that the server does not list stops the start; without a probe its calls are unavailable."""
    client = OpenAIClient(openai_server.url, "huge")
    with pytest.raises(ContractMismatch, match="expected model huge, found tiny"):
        await client.probe()
    with pytest.raises(ModelUnavailable, match="expected model huge, found tiny"):
        await client.complete(ask(Turn()))
    await client.close()


async def test_key() -> None:
    """The API key is sent; a wrong one stops the start and never shows in the message."""
    server = OpenAIServer(key="right")
    await server.start()
    right, wrong = OpenAIClient(server.url, access=keyed("right")), OpenAIClient(server.url, access=keyed("guessed"))
    assert (await right.complete(ask(Turn(("in",))))).text == "in"
    with pytest.raises(ContractMismatch, match="401") as mismatch:
        await wrong.probe()
    assert "guessed" not in str(mismatch.value)
    await right.close()
    await wrong.close()
    await server.stop()


async def test_another_server(openai_server: OpenAIServer) -> None:
    """A path where no OpenAI-compatible server answers stops the start."""
    client = OpenAIClient(openai_server.url.replace("/v1", "/elsewhere"))
    with pytest.raises(ContractMismatch, match="404"):
        await client.probe()
    await client.close()


async def test_server_without_models() -> None:
    """A server that lists no model yet is away: its engine loads, or nobody has scaled it up."""
    server = OpenAIServer(models=())
    await server.start()
    client = OpenAIClient(server.url)
    for asking in (client.probe, lambda: client.complete(ask(Turn(("here",))))):
        with pytest.raises(ModelUnavailable, match="no model is there yet"):
            await asking()
    server.models = ("late",)
    assert (await client.complete(ask(Turn(("here",))))).text == "here"
    await client.close()
    await server.stop()


async def test_several_models() -> None:
    """The probe says which of several models was taken, and how to name another; a model that is named is not said."""
    server = OpenAIServer(models=("first", "second", "third"))
    await server.start()
    for name, said in ((None, "model first, the first of 3 (`model.name` names another)"), ("second", "model second")):
        client = OpenAIClient(server.url, name)
        assert (await client.probe()).endswith(said)
        await client.close()
    await server.stop()


@pytest.mark.parametrize("status", [401, 403, 404, 500])
async def test_errors_say_what_to_set(client: OpenAIClient, openai_server: OpenAIServer, status: int) -> None:
    """A key that is refused, and a model that is gone, name their settings; errors without a word are understood, and
    nothing shows of a key that the server repeats."""
    remedy = {401: "`model.api_key`", 403: "`model.api_key`", 404: "`model.name`", 500: "500"}[status]
    for message in ("", "no such thing: sk-1234...wxyz"):
        openai_server.refuses = lambda _, message=message: Refused(status, message, bare=not message)  # type: ignore[misc]
        with pytest.raises(ModelUnavailable, match=remedy) as failure:
            await client.complete(ask(Turn()))
        assert status not in (401, 403) or "sk-" not in str(failure.value)


async def test_secrets_that_a_server_repeats(openai_server: OpenAIServer) -> None:
    """Neither key nor password stands in a message, whatever the server says."""
    url = openai_server.url.replace("//", "//user:pass-w0rd@")
    client = OpenAIClient(url, access=keyed("sk-secret"))
    openai_server.refuses = lambda _: Refused(400, "you sent sk-secret and pass-w0rd")
    with pytest.raises(ModelUnavailable, match="you sent") as failure:
        await client.complete(ask(Turn()))
    assert not {"sk-secret", "pass-w0rd"} & set(str(failure.value).replace("(", " ").split())
    await client.close()


async def test_not_http() -> None:
    """A server that speaks something else is unavailable."""

    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-nothing\r\n")
        writer.close()

    async with await asyncio.start_server(babble, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = OpenAIClient(f"http://127.0.0.1:{port}", "tiny")
        with pytest.raises(ModelUnavailable):
            await client.complete(ask(Turn()))
        await client.close()


async def test_server_returns(client: OpenAIClient, openai_server: OpenAIServer) -> None:
    """The same client answers again when its server is back."""
    await client.complete(ask(Turn()))
    await openai_server.stop()
    with pytest.raises(ModelUnavailable):
        await client.complete(ask(Turn()))
    await openai_server.start()
    assert (await client.complete(ask(Turn(("back",))))).text == "back"


async def test_waiting_for_a_connection_ends_with_the_deadline(openai_server: OpenAIServer) -> None:
    """No more connections are opened than allowed; who waits for one does so until the deadline."""
    client = OpenAIClient(openai_server.url, "tiny", max_connections=2)
    begun = [asyncio.create_task(client.complete(ask(Turn(delay_s=60), within_s=60.0))) for _ in range(2)]
    await asyncio.sleep(0)  # they are the first to ask for a connection
    waiting = [client.complete(ask(Turn(delay_s=60), within_s=1.0)) for _ in range(3)]
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome).__name__ for outcome in outcomes] == ["DeadlinePassed"] * 3
    assert openai_server.tally.opened <= 2
    for call in begun:
        call.cancel()
    await asyncio.gather(*begun, return_exceptions=True)
    await client.close()


async def test_base_url(openai_server: OpenAIServer) -> None:
    """The base URL may leave out `/v1` and may end in a slash."""
    for url in (openai_server.url.removesuffix("/v1"), openai_server.url + "/"):
        client = OpenAIClient(url)
        assert await client.probe()
        await client.close()


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://host/v1", "http://", "http://host:port"])
def test_wrong_url(url: str) -> None:
    """A URL that is none stops the start, and the message shows it, unless a part of it may be a password."""
    with pytest.raises(SettingInvalid) as invalid:
        OpenAIClient(url)
    assert repr("(hidden)" if url == "http://host:port" else url) in str(invalid.value)


async def test_unusual_line_ends(client: OpenAIClient) -> None:
    """Characters that some libraries take for line ends may stand in an answer unescaped."""
    text = "a\u2028b\u0085c"
    assert (await client.complete(ask(Turn((text,), fault="unescaped")))).text == text
