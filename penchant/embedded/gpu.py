"""A simulated GPU: when each request is scheduled, gives its first token and its last. Pure, and timing only.

Requests wait first come first served for a place in the batch. Prefills run one after another and cost only the
tokens whose blocks are not cached; then every request decodes at one steady rate, however full the batch is.
A token is four characters. All times are milliseconds on the caller's clock, which must not go back.
"""

import heapq
import math
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from streams.errors import ModelOverloaded

CHARACTERS_PER_TOKEN = 4
ENVIRONMENT = "PENCHANT_SIMULATED_"


@dataclass(frozen=True, slots=True)
class Timing:
    """How fast and how large the simulated GPU is. With these, 1,500 tokens in and 100 out take about 135 ms."""

    prefill_ms_per_token: float = 0.01
    decode_ms_per_token: float = 1.2
    max_running: int = 64  # requests in the batch
    max_waiting: int = 256  # requests beyond them, before new ones are refused
    block_tokens: int = 64
    cached_blocks: int = 8_192

    @classmethod
    def read(cls, parameters: Mapping[str, str], environment: Mapping[str, str]) -> Self:
        """From a model's parameters by field name, each overridden by its environment variable if there is one."""
        found: dict[str, Any] = {}
        for name, default in asdict(cls()).items():
            text = environment.get(_variable(name), parameters.get(name))
            if text is not None:
                found[name] = type(default)(text)
        return cls(**found)

    def variables(self) -> dict[str, str]:
        """The environment variables that `read` takes."""
        return {_variable(name): str(value) for name, value in asdict(self).items()}


@dataclass(slots=True, eq=False)
class Request:
    """One request on the GPU; a time is infinite until it is known."""

    blocks: tuple[int, ...]
    input_tokens: int
    output_tokens: int
    arrived_ms: float
    scheduled_ms: float = math.inf
    first_token_ms: float = math.inf
    last_token_ms: float = math.inf
    reused_blocks: int = 0
    cancelled: bool = False

    def tokens_at(self, now_ms: float) -> int:
        """How many tokens it has given by now."""
        if now_ms >= self.last_token_ms:
            return self.output_tokens
        if now_ms < self.first_token_ms:
            return 0
        done = (now_ms - self.first_token_ms) / (self.last_token_ms - self.first_token_ms)
        return 1 + int(done * (self.output_tokens - 1))


class Gpu:
    """The batch, the queue before it and the prefix cache. A caller looks at its requests' times after `advance`."""

    def __init__(self, timing: Timing) -> None:
        self.timing = timing
        self._cache = PrefixCache(timing.cached_blocks)
        self._running: list[tuple[float, int, Request]] = []  # a heap by the last token's time
        self._waiting: deque[Request] = deque()
        self._prefill_free_ms = 0.0
        self._admitted = 0

    def submit(self, prompt: str, output_tokens: int, now_ms: float) -> Request:
        """Take one in; ModelOverloaded when the queue is full."""
        self.advance(now_ms)
        if len(self._waiting) >= self.timing.max_waiting and len(self._running) >= self.timing.max_running:
            raise ModelOverloaded("Exceeds maximum queue size")  # the words of Triton's own queue
        request = Request(
            blocks(prompt, self.timing.block_tokens), tokens(prompt), max(output_tokens, 1), arrived_ms=now_ms
        )
        self._waiting.append(request)
        self._admit(now_ms)
        return request

    def cancel(self, request: Request, now_ms: float) -> None:
        """Forget it and give its place to the next. The prefill that it caused, or was to cause, stays spent."""
        self.advance(now_ms)
        if request.last_token_ms <= now_ms:
            return
        request.cancelled = True
        if request in self._waiting:
            self._waiting.remove(request)
        else:
            self._running = [entry for entry in self._running if entry[2] is not request]
            heapq.heapify(self._running)
        self._admit(now_ms)

    def advance(self, now_ms: float) -> None:
        """Let everything happen that is due by now; each place is taken again at the moment it got free."""
        while self._running and self._running[0][0] <= now_ms:
            ended_ms = heapq.heappop(self._running)[0]
            self._admit(ended_ms)

    def next_end_ms(self) -> float:
        """When the next running request gives its last token; infinite when none runs."""
        return self._running[0][0] if self._running else math.inf

    def counts(self, now_ms: float) -> dict[str, int]:
        """Sequences by the request types of `nv_trt_llm_request_metrics`."""
        prefilling = sum(entry[2].first_token_ms > now_ms for entry in self._running)
        running, waiting = len(self._running), len(self._waiting)
        return {
            "active": running + waiting,
            "max": self.timing.max_running,
            "scheduled": running,
            "context": prefilling,
            "waiting": waiting,
        }

    def _admit(self, now_ms: float) -> None:
        while self._waiting and len(self._running) < self.timing.max_running:
            request = self._waiting.popleft()
            self._schedule(request, now_ms)
            self._admitted += 1  # breaks ties in the heap
            heapq.heappush(self._running, (request.last_token_ms, self._admitted, request))

    def _schedule(self, request: Request, now_ms: float) -> None:
        timing = self.timing
        request.reused_blocks = self._cache.take(request.blocks)
        uncached = max(request.input_tokens - request.reused_blocks * timing.block_tokens, 1)
        request.scheduled_ms = now_ms
        request.first_token_ms = max(now_ms, self._prefill_free_ms) + uncached * timing.prefill_ms_per_token
        self._prefill_free_ms = request.first_token_ms
        request.last_token_ms = request.first_token_ms + (request.output_tokens - 1) * timing.decode_ms_per_token


class PrefixCache:
    """Which blocks of prompts are cached, the least recently used leaving first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._known: OrderedDict[int, None] = OrderedDict()

    def take(self, chain: tuple[int, ...]) -> int:
        """How many leading blocks were cached; all of them are now."""
        reused = next((at for at, block in enumerate(chain) if block not in self._known), len(chain))
        for block in reversed(chain):  # the first block last, so that a chain loses its tail first
            self._known[block] = None
            self._known.move_to_end(block)
        while len(self._known) > self._size:
            self._known.popitem(last=False)
        return reused


def _variable(name: str) -> str:
    return ENVIRONMENT + name.upper()


def tokens(text: str) -> int:
    """How many tokens a text is here; at least one."""
    return max(math.ceil(len(text) / CHARACTERS_PER_TOKEN), 1)


def blocks(prompt: str, block_tokens: int) -> tuple[int, ...]:
    """A number for each full block, which stands for the whole prompt up to its end."""
    size = block_tokens * CHARACTERS_PER_TOKEN
    chain: list[int] = []
    for start in range(0, len(prompt) - size + 1, size):
        chain.append(hash((chain[-1] if chain else 0, prompt[start : start + size])))
    return tuple(chain)
