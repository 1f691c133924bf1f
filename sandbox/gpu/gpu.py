"""A simulated GPU under TensorRT-LLM: when each request is scheduled, gives its first token and its last. Pure.

It works in iterations. Each gives one token to every sequence that decodes, and computes as much of the prompts before
it as its budget of tokens allows, so that prompts slow decoding down. Requests are admitted first come first served,
between iterations, when there is a place in the batch and in the KV cache for all that they may need. A token is four
characters. All times are milliseconds on the caller's clock, which must not go back.
"""

import heapq
import math
from collections import deque
from collections.abc import Callable

from sandbox.gpu.iterations import Request, Run
from sandbox.gpu.kv_cache import KvCache, names, pieces
from sandbox.gpu.timing import Timing
from sandbox.gpu.tokens import CHARACTERS_PER_TOKEN, tokens
from streams.errors import ModelOverloaded


class Gpu:
    """The batch, the queue before it and the KV cache. A caller looks at its requests' times after `advance`.

    `busy_ms`: how long it computed; `prefilled_tokens` and `reused_tokens` of prompts, computed and found in the cache;
    `generated_tokens` of answers. They count what has ended by the last `next_ms`.

    With `hand_over` it computes prompts alone, and hands each request over with its first token, to be taken in by the
    `receive` of another GPU.
    """

    def __init__(self, timing: Timing, hand_over: Callable[[Request, float], None] | None = None) -> None:
        self.timing, self._hand_over = timing, hand_over
        self.cache = KvCache(timing.kv_blocks)
        self.busy_ms = 0.0
        self.prefilled_tokens = self.reused_tokens = self.generated_tokens = 0
        self._waiting: deque[Request] = deque()
        self._prefilling: list[Request] = []
        self._decoding: list[tuple[int, int, Request]] = []  # a heap by the step of the last token
        # Cancelled, with the iteration that runs; in their order, for what is freed first is overwritten first.
        self._leaving: dict[Request, None] = {}
        self._run: Run | None = None
        self._steps = 0
        self._joined = 0
        self._context_tokens = 0  # in the KV cache, of those that decode

    def submit(self, prompt: str, output_tokens: int, now_ms: float, *, max_tokens: int = 0) -> Request:
        """Take one in that will give `output_tokens`; blocks are reserved for `max_tokens`, if that is more.

        ModelOverloaded when the queue is full, ValueError for more than the whole KV cache.
        """
        self.advance(now_ms)
        request = self._request(prompt, max(output_tokens, 1), max(output_tokens, max_tokens, 1), now_ms)
        if request.reserved_blocks > self.timing.kv_blocks:
            raise ValueError(f"{request.reserved_blocks} KV blocks are more than there are")
        if len(self._waiting) >= self.timing.max_waiting + self.timing.max_batch - self._running:
            raise ModelOverloaded("Exceeds maximum queue size")  # the words of Triton's own queue
        self._queue(request, now_ms)
        return request

    def receive(self, request: Request, now_ms: float) -> None:
        """Take in one whose prompt another GPU has computed; its KV cache comes with it."""
        self.advance(now_ms)
        request.steps = self
        self._queue(request, now_ms)

    def cancel(self, request: Request, now_ms: float) -> None:
        """Forget it, and give its place to the next after the iteration that runs. The prefill stays spent."""
        self.advance(now_ms)
        if request.cancelled or request.last_token_ms <= now_ms:
            return
        request.left_with, request.cancelled = request.tokens_at(now_ms), True
        if request in self._waiting:
            self._waiting.remove(request)
        else:
            self._leaving[request] = None
        if self._run:
            self._run.cut(now_ms)

    def advance(self, now_ms: float) -> None:
        """Let everything happen that is due by now."""
        while self._run and self._run.end_ms() <= now_ms:
            run, self._run = self._run, None
            self._end(run)
            self._start(run.end_ms())

    def next_ms(self) -> float:
        """When `advance` next changes anything but the number of tokens given; infinite while idle. A request that is
        submitted or cancelled may bring it forward."""
        return self._run.end_ms() if self._run else math.inf

    def steps_at(self, now_ms: float) -> int:
        """How many iterations have given tokens by now."""
        return self._steps + (self._run.done(now_ms) if self._run else 0)

    def counts(self, now_ms: float) -> dict[str, int]:
        """Sequences by the request types of `nv_trt_llm_request_metrics`."""
        self.advance(now_ms)
        running, waiting = self._running, len(self._waiting)
        return {
            "active": running + waiting,
            "max": self.timing.max_batch,
            "scheduled": running,
            "context": sum(request not in self._leaving for request in self._prefilling),
            "waiting": waiting,
        }

    @property
    def context_tokens(self) -> int:
        """Tokens of prompts that the iteration computes that runs now."""
        return sum(size for _, size in self._run.chunks) if self._run else 0

    @property
    def _running(self) -> int:
        return len(self._prefilling) + len(self._decoding) - len(self._leaving)

    def _queue(self, request: Request, now_ms: float) -> None:
        self._waiting.append(request)
        if self._run is None:
            self._start(now_ms)
        elif self._admissible(self._running):
            self._run.cut(now_ms)

    def _request(self, prompt: str, output_tokens: int, most_tokens: int, now_ms: float) -> Request:
        size, input_tokens = self.timing.block_tokens, tokens(prompt)
        return Request(
            names(prompt, size),
            input_tokens,
            output_tokens,
            blocks=math.ceil(input_tokens / size),
            reserved_blocks=math.ceil((input_tokens + most_tokens) / size),
            arrived_ms=now_ms,
            steps=self,
            texts=pieces(prompt, size) if self.timing.partial_reuse else (),
        )

    def _admissible(self, running: int) -> bool:
        """Whether the first that waits has a place."""
        if not self._waiting or running >= self.timing.max_batch:
            return False
        first = self._waiting[0]
        return self.cache.fits(first.chain, first.reserved_blocks)

    def _start(self, now_ms: float) -> None:
        """The next iterations, if there is anything to do."""
        timing, chunks = self.timing, tuple(self._chunks(now_ms))
        decoding = len(self._decoding)
        prefill = sum(size for _, size in chunks)
        growth_ms = decoding * timing.kv_ms_per_token
        first_ms = (
            timing.iteration_ms
            + prefill * timing.prefill_ms_per_token
            + decoding * timing.decode_ms_per_sequence
            + self._context_tokens * timing.kv_ms_per_token
        )
        if chunks:
            self._run = Run(now_ms, first_ms, chunks=chunks)
        elif decoding:
            self._run = Run(now_ms, first_ms, growth_ms, count=self._decoding[0][0] - self._steps)

    def _chunks(self, now_ms: float) -> list[tuple[Request, int]]:
        """The prompts of the next iteration, in order of arrival, and how much of each."""
        timing = self.timing
        budget = max(timing.max_num_tokens - len(self._decoding), timing.block_tokens)
        chunks = []
        for request in self._prefilling:  # of which no more than one is there before
            chunks.append((request, min(request.input_tokens - request.computed, budget)))
            budget -= chunks[-1][1]
        while budget and self._admissible(len(self._prefilling) + len(self._decoding)):
            request = self._waiting.popleft()
            if request.computed:
                self._take_over(request)
                continue
            self._admit(request, now_ms)
            chunks.append((request, min(request.input_tokens - request.computed, budget)))
            budget -= chunks[-1][1]
        return chunks

    def _admit(self, request: Request, now_ms: float) -> None:
        request.scheduled_ms = now_ms
        allotment = request.allotment = self.cache.take(request.chain, request.reserved_blocks, request.texts)
        request.reused_blocks = allotment.reused
        request.cached_tokens = allotment.reused * self.timing.block_tokens + allotment.copied // CHARACTERS_PER_TOKEN
        request.computed = min(request.cached_tokens, request.input_tokens - 1)
        self.reused_tokens += request.computed
        self._prefilling.append(request)

    def _take_over(self, request: Request) -> None:
        request.allotment = self.cache.take(request.chain, request.reserved_blocks)
        self.cache.fill(request.allotment, len(request.chain))
        self._join(request)

    def _end(self, run: Run) -> None:
        """Hand out what these iterations gave."""
        now_ms, decoding = run.end_ms(), len(self._decoding)
        self.busy_ms += now_ms - run.started_ms
        self._steps += run.count
        self._context_tokens += run.count * decoding
        self.generated_tokens += run.count * decoding
        for request, size in run.chunks:
            self._computed(request, size, now_ms)
        if self._leaving:
            self._dismiss()
        while self._decoding and self._decoding[0][0] <= self._steps:
            request = heapq.heappop(self._decoding)[2]
            request.last_token_ms = now_ms
            self._context_tokens -= request.input_tokens + request.output_tokens
            self._release(request)

    def _computed(self, request: Request, size: int, now_ms: float) -> None:
        """So much more of its prompt; at the end of the prompt comes the first token, and it decodes."""
        request.computed += size
        self.prefilled_tokens += size
        if request.allotment:
            self.cache.fill(request.allotment, request.computed // self.timing.block_tokens)
        if request.computed < request.input_tokens:
            return
        if request.allotment:
            request.allotment.whole = True
        self._prefilling.remove(request)
        request.first_token_ms = now_ms
        self.generated_tokens += 1
        if self._hand_over and request not in self._leaving and request.output_tokens > 1:
            self._release(request)
            self._hand_over(request, now_ms)
        else:
            self._join(request)

    def _join(self, request: Request) -> None:
        """It decodes from the next iteration on."""
        request.first_step = self._steps
        self._context_tokens += request.input_tokens + 1
        self._joined += 1  # breaks ties in the heap
        heapq.heappush(self._decoding, (request.last_step, self._joined, request))

    def _dismiss(self) -> None:
        """Let the cancelled ones go."""
        for _, _, request in self._decoding:
            if request in self._leaving:
                request.left_with = 1 + self._steps - request.first_step
                self._context_tokens -= request.input_tokens + request.left_with
        self._prefilling = [each for each in self._prefilling if each not in self._leaving]
        self._decoding = [entry for entry in self._decoding if entry[2] not in self._leaving]
        heapq.heapify(self._decoding)
        for request in self._leaving:
            self._release(request)
        self._leaving.clear()

    def _release(self, request: Request) -> None:
        if request.allotment:
            self.cache.release(request.allotment)
