"""Servers: simulated GPUs behind the port of a model, in virtual time. Several processes may share them."""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clients.calls import Call, Completion
from sandbox.clock import Process
from sandbox.gpu import simulated_model
from sandbox.gpu.answers import cut
from sandbox.gpu.gpu import Gpu
from sandbox.gpu.iterations import Request
from sandbox.gpu.timing import Timing
from sandbox.gpu.tokens import tokens
from streams.errors import DeadlinePassed, ModelUnavailable


@dataclass(frozen=True, slots=True)
class Serving:
    """How answers come about. `answer_tokens`: an answer takes so many at least, whatever its text. Without `reuse`
    no prompt finds anything of another one in the KV cache."""

    answer: Callable[[str], str] = simulated_model.answer
    answer_tokens: int = 0
    reuse: bool = True


class GpuServer:
    """A ModelClient before one simulated GPU, whose time passes in `process`. `fault`: why it is away, if it is."""

    def __init__(self, name: str, timing: Timing, process: Process, serving: Serving) -> None:
        self._name, self.gpu, self.fault = name, Gpu(timing), ""
        self._process, self._serving = process, serving
        self._open: dict[Request, asyncio.Future[None]] = {}
        self._armed_ms = math.inf

    @property
    def name(self) -> str:
        """What it is called."""
        return self._name

    async def complete(self, call: Call) -> Completion:
        """The answer, when the GPU is done. Raises as the port says."""
        if self.fault:
            raise ModelUnavailable(f"{self.name}: {self.fault}")
        text = cut(self._serving.answer(call.prompt), call.max_tokens, call.stop)
        prompt = call.prompt if self._serving.reuse else f"{call.id} {call.prompt}"
        size = max(tokens(text), self._serving.answer_tokens)
        request = self.gpu.submit(prompt, size, self._now_ms(), max_tokens=call.max_tokens)
        done = self._open[request] = asyncio.get_running_loop().create_future()
        self._arm()
        try:
            async with asyncio.timeout_at(call.deadline_s):
                await done
        except TimeoutError as exc:
            raise DeadlinePassed(f"{self.name} has no answer by the deadline") from exc
        finally:
            self._open.pop(request, None)
            self.gpu.cancel(request, self._now_ms())  # of no effect once it ended
            self._arm()
        return self._completion(text, request)

    async def probe(self) -> str:
        """What it is."""
        if self.fault:
            raise ModelUnavailable(f"{self.name}: {self.fault}")
        return "simulated GPU in virtual time"

    async def close(self) -> None:
        """There is nothing to close."""

    def die(self, why: str) -> None:
        """It is gone, and so is what it worked on."""
        self.fault = why
        for request, done in list(self._open.items()):
            self.gpu.cancel(request, self._now_ms())
            if not done.done():
                done.set_exception(ModelUnavailable(f"{self.name}: {why}"))

    def _now_ms(self) -> float:
        return self._process.time() * 1e3

    def _arm(self) -> None:
        """See to it that the GPU is looked at when it next changes."""
        next_ms = self.gpu.next_ms()
        if next_ms < self._armed_ms:
            self._armed_ms = next_ms
            self._process.call_at(next_ms / 1e3, self._tick)

    def _tick(self) -> None:
        now_ms = self._now_ms()
        if now_ms >= self._armed_ms:
            self._armed_ms = math.inf
        self.gpu.advance(now_ms)
        for request, done in self._open.items():
            if request.last_token_ms <= now_ms and not done.done():
                done.set_result(None)
        self._arm()

    def _completion(self, text: str, request: Request) -> Completion:
        return Completion(
            text,
            model="simulated",
            endpoint=self.name,
            input_tokens=request.input_tokens,
            output_tokens=request.output_tokens,
            cached_tokens=request.cached_tokens,
            queue_ms=request.scheduled_ms - request.arrived_ms,
            prefill_ms=request.first_token_ms - request.scheduled_ms,
            decode_ms=request.last_token_ms - request.first_token_ms,
        )


@dataclass(frozen=True, slots=True)
class Spent:
    """What GPUs have done so far: seconds of work, tokens of prompts computed and reused, and tokens of answers."""

    gpu_s: float
    prefilled_tokens: int
    cached_tokens: int
    output_tokens: int

    @classmethod
    def of(cls, servers: Sequence[GpuServer]) -> "Spent":
        """All together."""
        gpus = [server.gpu for server in servers]
        return cls(
            sum(gpu.busy_ms for gpu in gpus) / 1e3,
            sum(gpu.prefilled_tokens for gpu in gpus),
            sum(gpu.reused_tokens for gpu in gpus),
            sum(gpu.generated_tokens for gpu in gpus),
        )

    def since(self, then: "Spent") -> "Spent":
        """The difference."""
        return Spent(
            self.gpu_s - then.gpu_s,
            self.prefilled_tokens - then.prefilled_tokens,
            self.cached_tokens - then.cached_tokens,
            self.output_tokens - then.output_tokens,
        )

    @property
    def cached_share(self) -> float:
        """Of all tokens of prompts."""
        return self.cached_tokens / max(self.cached_tokens + self.prefilled_tokens, 1)

    def own_cached_share(self, shared_tokens: int) -> float:
        """The same without the instructions, which so many of these tokens are, and which are all in the cache."""
        cached = max(self.cached_tokens - shared_tokens, 0)
        return cached / max(cached + self.prefilled_tokens, 1)
