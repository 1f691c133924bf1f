"""AIPerf before a simulated server: it takes its answers, and its figures are ours."""

import asyncio
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any

import pytest

from benchmarks.environments import Environment
from clients.calls import Completion
from sandbox.gpu.timing import TIMINGS
from sandbox.servers.openai import OpenAIServer
from tests.fakes.echo import ECHO
from tests.peers.calling import call_of, client_of
from tests.peers.outputs import installed, output

AIPERF = Environment("aiperf")
TIMING = TIMINGS["qwen3-32b-fp8@l40s"]
"""A slow one, beside which the way through a loaded machine is short."""
CALLS, AT_ONCE, TOKENS = 10, 1, 20  # with two at once, each begins by chance within the other's iteration
SNAPSHOT = "1" * 40
REPOSITORY = "penchant/words"


def hub(model_folder: Path, folder: Path) -> dict[str, str]:
    """An environment whose cache of the model hub holds our tokenizer: AIPerf takes none from a plain folder."""
    cached = folder / "hub" / f"models--{REPOSITORY.replace('/', '--')}"
    shutil.copytree(model_folder, cached / "snapshots" / SNAPSHOT)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(SNAPSHOT)
    return {**os.environ, "HF_HOME": str(folder), "HF_HUB_OFFLINE": "1"}


async def measured(url: str, environment: dict[str, str], folder: Path) -> dict[str, Any]:
    """AIPerf's report of a closed loop."""
    options = {
        "--model": "simulated",
        "--url": url.removesuffix("/v1"),
        "--endpoint-type": "chat",
        "--tokenizer": REPOSITORY,
        "--concurrency": AT_ONCE,
        "--request-count": CALLS,
        "--num-dataset-entries": CALLS,
        "--synthetic-input-tokens-mean": 200,
        "--synthetic-input-tokens-stddev": 0,
        "--output-tokens-mean": TOKENS,
        "--output-tokens-stddev": 0,
        "--output-artifact-dir": folder,
        "--ui": "none",
    }
    words = [str(word) for pair in options.items() for word in pair]
    flags = ("--streaming", "--use-server-token-count")
    await output(str(AIPERF.program("aiperf")), "profile", *words, *flags, env=environment)
    report: dict[str, Any] = json.loads((folder / "profile_export_aiperf.json").read_text())
    return report


async def ours(url: str, prompts: Sequence[str]) -> list[Completion]:
    """The same prompts by a worker's client, as many at once."""
    left, answers = iter(prompts), []
    async with client_of(url) as client:

        async def ask() -> None:
            for prompt in left:
                answers.append(await client.complete(call_of("s", prompt, max_tokens=TOKENS)))  # noqa: PERF401 (two tasks append)

        await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
    return answers


async def test_its_figures_are_ours(tmp_path: Path, model_folder: Path) -> None:
    """Time to the first token (median) and time for each token after it (mean) within 5 %, without an error."""
    await installed(AIPERF)
    environment, folder = hub(model_folder, tmp_path / "hub"), tmp_path / "aiperf"
    async with OpenAIServer(tmp_path / "server", timing=TIMING, answer=ECHO) as server:
        report = await measured(server.url, environment, folder)
        await server.restart()  # with an empty cache
        inputs = json.loads((folder / "inputs.json").read_text())["data"]
        prompts = [payload["messages"][-1]["content"] for each in inputs for payload in each["payloads"]]
        answers = await ours(server.url, prompts)
    first_ms = median(each.prefill_ms or 0 for each in answers)
    token_ms = mean((each.decode_ms or 0) / ((each.output_tokens or 2) - 1) for each in answers)
    print(report["time_to_first_token"]["p50"], first_ms, report["inter_token_latency"]["avg"], token_ms)  # noqa: T201 (for docs/testing.md)
    assert report["request_count"]["avg"] == len(answers) == CALLS
    assert first_ms == pytest.approx(report["time_to_first_token"]["p50"], rel=0.05)
    assert token_ms == pytest.approx(report["inter_token_latency"]["avg"], rel=0.05)
