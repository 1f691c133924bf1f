"""Lines at which a real server fails, through the client with its limits, its router and its circuit breaker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from penchant.offline.gate import Gate
from penchant.offline.job_counts import JobCounts
from penchant.offline.jobs.requests_run import run_requests
from penchant.settings.root import Settings
from penchant.worker.use_cases import use_case
from storage.jobs import Progress
from tests.penchant.offline.jobs.test_jobs import requests
from tests.penchant.offline.jobs.test_requests_run import errors, names

AT_ONCE, HEALTHY, POISONED = 8, 12, 8


@asynccontextmanager
async def failing_server(word: str) -> AsyncIterator[str]:
    """One of OpenAI's API that answers 500 to whatever has the word in it; gives its URL."""

    async def complete(request: web.Request) -> web.Response:
        body = await request.text()
        if word in body:
            return web.json_response({"error": {"message": "index out of range"}}, status=500)
        choice = {"index": 0, "message": {"role": "assistant", "content": "blue"}, "text": "blue"}
        return web.json_response({"model": "tiny", "choices": [choice | {"finish_reason": "stop"}]})

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "tiny", "object": "model", "owned_by": "x"}]})

    app = web.Application()
    app.router.add_get("/v1/models", models)
    app.router.add_get("/health", models)
    for path in ("/v1/chat/completions", "/v1/completions"):
        app.router.add_post(path, complete)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


async def test_many_lines_at_which_a_server_fails_take_it_down_for_nobody(tmp_path: Path) -> None:
    """They come together, at the end, and are more than make a replica sick: each is given up, all others answered."""
    file, folder = requests(tmp_path, HEALTHY), tmp_path / "out"
    poisoned = requests(tmp_path, POISONED, "poisoned.jsonl").read_text("utf-8")
    with file.open("a", encoding="utf-8") as more:
        more.write(poisoned.replace('"r', '"p').replace('"prole"', '"role"').replace("Which", "Poisoned"))
    async with failing_server("Poisoned") as url:
        settings = Settings.model_validate({"model": {"url": url, "dialect": "openai", "name": "tiny"}})
        async with use_case(settings, "requests") as client:
            gate = Gate(client, JobCounts(Progress()), pauses_s=(0.0, 0.0))
            await gate.allow(AT_ONCE)
            await run_requests(file, folder, gate, AT_ONCE)
    assert names(folder / "output.jsonl") == [f"r{at}" for at in range(HEALTHY)]
    assert errors(folder) == [(f"p{at}", "server_error") for at in range(POISONED)]
