"""/v1/files and /v1/batches, as OpenAI's own client calls them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from openai import AsyncOpenAI, NotFoundError, UnprocessableEntityError

from penchant.offline.jobs.run import job_runner
from penchant.serve.service import serving
from penchant.settings.root import Settings
from sandbox.servers.redis import RedisServer
from storage.activity import Activity
from storage.jobs import RedisJobs
from storage.keys import Keys

pytestmark = [pytest.mark.redis, pytest.mark.slow]

TOKENS = {"ada": "ada-token", "bob": "bob-token", "eve": "eve-token"}


def requests(count: int) -> bytes:
    """A file of so many requests."""
    return b"\n".join(
        json.dumps(
            {"custom_id": f"r{at}", "method": "POST", "url": "/v1/chat/completions",
             "body": {"model": "any", "messages": [{"role": "user", "content": f"Which blue is number {at}?"}]}}
        ).encode() for at in range(count)
    )  # fmt: skip


@pytest.fixture
def settings(redis_server: RedisServer, tmp_path: Path) -> Settings:
    """Ada is of one team, Bob of another, Eve of none."""
    tokens = tmp_path / "tokens"
    tokens.write_text(
        "\n".join(f"{name} viewer {sha256(token.encode()).hexdigest()}" for name, token in TOKENS.items())
    )
    return Settings.model_validate(
        {
            "redis": {"url": redis_server.url, "namespace": f"batches-{uuid4().hex[:12]}", "timeout_s": 10.0},
            "http": {"tokens_file": tokens},
            "serve": {"port": 0},
            "jobs": {"folder": tmp_path},
            "teams": {"search": {"members": ["ada"]}, "ads": {"members": ["bob"]}},
        }
    )


@asynccontextmanager
async def clients(settings: Settings) -> AsyncIterator[dict[str, AsyncOpenAI]]:
    """OpenAI's client as each of them, while it is served."""
    async with serving(settings) as url:
        made = {name: AsyncOpenAI(base_url=f"{url}/v1", api_key=token, max_retries=0) for name, token in TOKENS.items()}
        try:
            yield made
        finally:
            for client in made.values():
                await client.close()


@asynccontextmanager
async def job_store(settings: Settings) -> AsyncIterator[RedisJobs]:
    """Where jobs stand."""
    redis = settings.redis.connect()
    try:
        yield RedisJobs(redis, Keys(settings.redis.namespace), settings.redis.timeout_s)
    finally:
        await redis.aclose()


async def test_a_file_becomes_answers(settings: Settings) -> None:
    """Uploaded, run, polled and read; another team sees none of it."""
    async with clients(settings) as people, asyncio.timeout(120):
        ada, bob = people["ada"], people["bob"]
        file = await ada.files.create(file=("requests.jsonl", requests(3) + b"\nno json"), purpose="batch")
        assert (await ada.files.retrieve(file.id)).bytes == len(requests(3)) + 8
        batch = await ada.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"priority": "2"}
        )
        assert (batch.status, batch.metadata) == ("validating", {"priority": "2"})
        async with job_runner(settings, at_once=2, simulated=True) as runner:
            await runner.run(asyncio.Event(), once=True)
        batch = await ada.batches.retrieve(batch.id)
        assert batch.status == "completed"
        assert batch.request_counts
        assert (batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed) == (4, 3, 1)
        assert batch.output_file_id
        assert batch.error_file_id
        output = (await ada.files.content(batch.output_file_id)).text
        assert [json.loads(line)["custom_id"] for line in output.splitlines()] == ["r0", "r1", "r2"]
        assert "no JSON" in (await ada.files.content(batch.error_file_id)).text
        assert [each.id async for each in ada.batches.list()] == [batch.id]
        assert [each.id async for each in ada.files.list()] == [file.id]
        for ask in (
            bob.batches.retrieve(batch.id),
            bob.files.retrieve(file.id),
            bob.files.content(batch.output_file_id),
        ):
            with pytest.raises(NotFoundError):
                await ask
        assert [each.id async for each in bob.batches.list()] == []
        assert (await ada.files.delete(file.id)).deleted


async def test_a_batch_expires_as_openai_has_it(settings: Settings) -> None:
    """At the end of its window, with what was answered; each of the others stands in the errors."""
    async with clients(settings) as people, asyncio.timeout(120), job_store(settings) as jobs:
        ada = people["ada"]
        file = await ada.files.create(file=("requests.jsonl", requests(2)), purpose="batch")
        batch = await ada.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        assert batch.expires_at == batch.created_at + 86_400
        job = (await jobs.read()).jobs[batch.id]
        await jobs.change(job, replace(job, deadline_ms=1_000), Activity("job", job.id, "deadline", "test"))
        async with job_runner(settings, at_once=2, simulated=True) as runner:
            await runner.run(asyncio.Event(), once=True)
        batch = await ada.batches.retrieve(batch.id)
        assert (batch.status, batch.expires_at, batch.output_file_id) == ("expired", 1, None)
        assert batch.expired_at
        assert batch.error_file_id
        lines = (await ada.files.content(batch.error_file_id)).text.splitlines()
        assert [json.loads(line)["error"]["code"] for line in lines] == ["batch_expired"] * 2


async def test_what_is_wrong_is_named(settings: Settings) -> None:
    """Field and remedy; and what waits can be cancelled, whose file then may go."""
    async with clients(settings) as people:
        ada = people["ada"]
        with pytest.raises(UnprocessableEntityError) as told:
            await ada.files.create(file=("a", b"{}"), purpose="assistants")
        assert told.value.body == "purpose: Input should be 'batch'"
        with pytest.raises(UnprocessableEntityError) as told:
            await ada.batches.create(input_file_id="file-0", endpoint="/v1/chat/completions", completion_window="24h")
        assert told.value.body == "input_file_id: there is no file 'file-0' of your team"
        file = await ada.files.create(file=("a", requests(1)), purpose="batch")
        batch = await ada.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        assert (await ada.batches.cancel(batch.id)).status == "cancelled"
        assert (await ada.files.delete(file.id)).deleted
        with pytest.raises(UnprocessableEntityError):  # a path is no id
            await ada.files.content("file-..%2F..%2Fabout")


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"headers": {"Authorization": "Bearer eve-token"}}, 403),
        ({}, 401),
        ({"headers": {"Authorization": "Bearer ada-token"}, "content": b"x" * 17_000_000}, 413),
        ({"headers": {"Authorization": "Bearer ada-token"}, "content": b"x" * 1_000}, 422),
    ],
    ids=["nobody's team", "no token", "too large", "no form"],
)
async def test_others_and_what_is_too_large_are_refused(settings: Settings, form: dict[str, Any], status: int) -> None:
    """With words that say why."""
    async with serving(settings) as url, httpx.AsyncClient(timeout=60.0) as client:
        found = await client.post(f"{url}/v1/files", **form)
        assert found.status_code == status
        assert found.json()["error"]


async def test_both_are_described(settings: Settings) -> None:
    """With what they take."""
    async with serving(settings) as url, httpx.AsyncClient() as client:
        told = (await client.get(f"{url}/openapi.json", headers={"Authorization": "Bearer ada-token"})).json()
    assert {"/v1/files", "/v1/files/{file_id}/content", "/v1/batches", "/v1/batches/{batch_id}/cancel"} <= told[
        "paths"
    ].keys()


async def test_without_a_folder_there_is_neither(settings: Settings) -> None:
    """jobs.folder says where files would be kept."""
    bare = settings.model_copy(update={"jobs": type(settings.jobs)()})
    async with serving(bare) as url, httpx.AsyncClient() as client:
        headers = {"Authorization": "Bearer ada-token"}
        assert (await client.get(f"{url}/v1/files", headers=headers)).status_code == 404
