"""A real language model behind the embedded Triton: llama.cpp in the backend's own process, one call at a time.

It takes the place of the simulated GPU: the same tensors, with real tokens, times, prefix cache and cancellation.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

import httpx

from sandbox.gpu.serving import Ask, Reply, Surroundings, now_ms
from sandbox.servers.llama_front import serve
from streams.errors import ModelOverloaded

VARIABLE = "PENCHANT_GGUF"
"""The model's file; without one the GPU is simulated."""

MOST_WAITING = 64
BLOCK_TOKENS = 64
"""Tokens of what is told as a block of KV cache, as clients assume by default; llama.cpp has none."""

SILENT_S = 600.0
"""The longest that the engine may say nothing: a long prompt on a busy machine."""


@dataclass(slots=True)
class Told:
    """What became of one request: tokens by the engine's count, times on the machine's monotonic clock."""

    arrived_ms: float = field(default_factory=now_ms)
    scheduled_ms: float = 0.0
    first_token_ms: float = 0.0
    last_token_ms: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    reused_tokens: int = 0

    @property
    def blocks(self) -> int:
        """Of the prompt."""
        return ceil(self.input_tokens / BLOCK_TOKENS)

    @property
    def reused_blocks(self) -> int:
        """Of those, the full ones that the call before had."""
        return self.reused_tokens // BLOCK_TOKENS


class LlamaServing:
    """Answers requests in their order; `close` drops those that wait."""

    def __init__(self, file: Path, around: Surroundings) -> None:
        self._engine, self._around = serve(file, port=0), around
        self._http = httpx.Client(base_url=self._engine.listening_address, timeout=SILENT_S, trust_env=False)
        self._calls = ThreadPoolExecutor(1, "llama")
        self._changed, self._active, self._running = threading.Lock(), 0, 0

    def take(self, ask: Ask, reply: Reply) -> None:
        """Queue a request; ModelOverloaded when too many wait."""
        with self._changed:
            if self._active > MOST_WAITING:
                raise ModelOverloaded("Exceeds maximum queue size")
        self._count(active=1)
        self._calls.submit(self._reply, ask, reply, Told())

    def close(self) -> None:
        """Drop what waits; the process ends with the call that runs."""
        self._calls.shutdown(wait=False, cancel_futures=True)

    def _reply(self, ask: Ask, reply: Reply, told: Told) -> None:
        self._count(running=1)
        told.scheduled_ms = now_ms()
        try:
            self._answer(ask, reply, told)
        except (httpx.HTTPError, json.JSONDecodeError, KeyError) as error:
            reply.fail(f"llama.cpp: {error!r}")
        finally:
            self._count(active=-1, running=-1)

    def _answer(self, ask: Ask, reply: Reply, told: Told) -> None:
        """Pieces as they come, or all at once; a cancelled call closes its connection, which stops the engine."""
        if reply.cancelled():
            reply.release()
            return
        written, last = "", {}
        with self._http.stream("POST", "/completion", json=_request(ask)) as response:
            if not response.is_success:
                reply.fail(response.read().decode(errors="replace"))
                return
            for last in _pieces(response):
                if reply.cancelled():
                    reply.release()
                    return
                told.first_token_ms = told.first_token_ms or now_ms()
                written += last["content"]
                if ask.stream and not last["stop"]:
                    reply.send(written, told, final=False)
                    written = ""
        told.last_token_ms, timings = now_ms(), last["timings"]
        told.input_tokens, told.output_tokens = last["tokens_evaluated"], last["tokens_predicted"]
        told.reused_tokens = timings["cache_n"]
        reply.send(written, told, final=True)

    def _count(self, *, active: int = 0, running: int = 0) -> None:
        with self._changed:
            self._active += active
            self._running += running
            waiting = self._active - self._running
            counts = {"active": self._active, "max": 1, "scheduled": self._running, "context": 0, "waiting": waiting}
        self._around.report({"request": counts})


def _request(ask: Ask) -> Mapping[str, Any]:
    """What llama.cpp's own endpoint takes."""
    kind, guide = ask.guide
    guided = {"json_schema": json.loads(guide)} if kind == "json_schema" else {"grammar": guide}
    return {
        "prompt": ask.prompt,
        "n_predict": ask.max_tokens,
        "temperature": ask.temperature,
        "seed": ask.seed,
        "stop": [word for word in ask.stop_words if word.strip() or not kind],  # a grammar bounds whitespace itself
        "stream": True,
        "cache_prompt": True,
        **(guided if kind else {}),
    }


def _pieces(response: httpx.Response) -> Iterator[dict[str, Any]]:
    for line in response.iter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))
