"""What answers where there is no tritonserver: the same simulated GPU and the same answers, in this process."""

import asyncio
import os

from clients.calls import Call, Completion
from penchant.embedded import answers
from penchant.embedded.gpu import Gpu
from penchant.embedded.iterations import Request
from penchant.embedded.timing import LIGHT, Timing
from penchant.embedded.tokens import tokens
from streams.errors import DeadlinePassed

MODEL = "simulated"
ENDPOINT = "in-process"
RECHECK_MS = 20.0  # how late others' cancellations, which may bring an end forward, are seen


class StandIn:
    """A ModelClient without a server. `why` there is none, e.g. `no tritonserver: no wheel`."""

    def __init__(self, why: str, *, timing: Timing | None = None, answer: str = answers.DEFAULT) -> None:
        self._why = why
        self._timing = timing or LIGHT.under(os.environ)
        self._gpu = Gpu(self._timing)
        self._answer = answers.load(answer)

    async def complete(self, call: Call) -> Completion:
        """The answer, when the simulated GPU is done; ModelOverloaded, DeadlinePassed."""
        text = answers.cut(self._answer(call.prompt), call.max_tokens, call.stop)
        request = self._gpu.submit(call.prompt, tokens(text), _now_ms(), max_tokens=call.max_tokens)
        try:
            async with asyncio.timeout_at(call.deadline_s):
                await self._end_of(request)
        except TimeoutError as exc:
            raise DeadlinePassed(f"call {call.id} has no answer by its deadline") from exc
        finally:
            self._gpu.cancel(request, _now_ms())  # of no effect once it ended
        return self._completion(text, request)

    async def probe(self) -> str:
        """What it is, and why."""
        return f"in-process stand-in ({self._why}), simulated GPU"

    async def close(self) -> None:
        """There is nothing to close."""

    async def _end_of(self, request: Request) -> None:
        while True:
            now = _now_ms()
            self._gpu.advance(now)
            if request.last_token_ms <= now:
                return
            await asyncio.sleep(min(self._gpu.next_ms() - now, RECHECK_MS) / 1e3)

    def _completion(self, text: str, request: Request) -> Completion:
        return Completion(
            text,
            model=MODEL,
            endpoint=ENDPOINT,
            input_tokens=request.input_tokens,
            output_tokens=request.output_tokens,
            cached_tokens=request.reused_blocks * self._timing.block_tokens,
            queue_ms=request.scheduled_ms - request.arrived_ms,
            prefill_ms=request.first_token_ms - request.scheduled_ms,
            decode_ms=request.last_token_ms - request.first_token_ms,
        )


def _now_ms() -> float:
    return asyncio.get_running_loop().time() * 1e3
