"""Answers requests at the times that the simulated GPU gives, from one thread of its own.

This is what the Triton model runs; the model itself only turns tensors into `Ask` and `Reply`.
"""

import math
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sandbox.gpu.answers import Answer, cut
from sandbox.gpu.engine import Engine, gauges
from sandbox.gpu.faults import Faults, spoil
from sandbox.gpu.iterations import Request
from sandbox.gpu.tokens import CHARACTERS_PER_TOKEN, tokens
from streams.errors import ModelOverloaded, ModelUnavailable

STREAM_MS = 20.0  # how often a stream gets what was generated since
CHECK_MS = 100.0  # how often cancellations are seen and figures reported, as in TensorRT-LLM
CLOSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Ask:
    """What a request asks for. `guide` is the kind of guided decoding and its schema or grammar; the simulated GPU
    heeds neither that nor temperature and seed."""

    prompt: str
    max_tokens: int
    stop_words: Sequence[str] = ()
    stream: bool = False
    temperature: float = 0.0
    seed: int = 0
    guide: tuple[str, str] = ("", "")


class Told(Protocol):
    """What is told of a request with its last piece: tokens, blocks of its prompt, and times in milliseconds."""

    @property
    def input_tokens(self) -> int: ...

    @property
    def output_tokens(self) -> int: ...

    @property
    def blocks(self) -> int: ...

    @property
    def reused_blocks(self) -> int: ...

    @property
    def arrived_ms(self) -> float: ...

    @property
    def scheduled_ms(self) -> float: ...

    @property
    def first_token_ms(self) -> float: ...

    @property
    def last_token_ms(self) -> float: ...


class Reply(Protocol):
    """Where the answer to one request goes. Called from one thread; `send` is final once."""

    def send(self, text: str, request: Told, *, final: bool) -> None: ...

    def cancelled(self) -> bool: ...

    def release(self) -> None:
        """Nothing more follows: the request was cancelled."""

    def fail(self, why: str) -> None:
        """Nothing more follows: it cannot be answered."""


@dataclass(slots=True, eq=False)
class _Open:
    request: Request
    reply: Reply
    text: str
    stream: bool
    factor: float  # by which it takes longer than the GPU
    sent: int = 0


class Surroundings(Protocol):
    """What is around the simulated GPU."""

    def report(self, figures: Mapping[str, Mapping[str, float]]) -> None:
        """Take the figures, by family and kind."""

    def faults(self) -> Faults:
        """Those in force now."""

    def die(self) -> None:
        """End the server at once. It may return."""


class Serving:
    """The simulated GPU's front: `take` a request, its reply comes later. `close` ends the thread."""

    def __init__(self, gpu: Engine, answer: Answer, around: Surroundings) -> None:
        self._gpu, self._answer, self._around = gpu, answer, around
        self._faults, self._taken = around.faults(), 0
        self._changed = threading.Condition()
        self._open: list[_Open] = []
        self._closed = False
        self._next_check_ms = 0.0
        self._thread = threading.Thread(target=self._run, name="simulated-gpu", daemon=True)
        self._thread.start()

    def take(self, ask: Ask, reply: Reply) -> None:
        """Queue a request; ModelOverloaded when too many wait, ModelUnavailable when the thread has ended."""
        fault = self._faults.of(self._taken)
        self._taken += 1
        if fault == "crash":
            self._around.die()
        if fault == "overload":
            raise ModelOverloaded("Exceeds maximum queue size")
        text = cut(spoil(fault, self._answer(ask.prompt), ask.max_tokens), ask.max_tokens, ask.stop_words)
        factor = math.inf if fault == "hang" else self._faults.factor if fault == "slow" else 1.0
        with self._changed:
            if self._closed:
                raise ModelUnavailable("the simulated GPU has ended")
            request = self._gpu.submit(ask.prompt, tokens(text), now_ms(), max_tokens=ask.max_tokens)
            self._open.append(_Open(request, reply, text, ask.stream, factor))
            self._changed.notify()

    def close(self) -> None:
        """End the thread; what is open gets no reply."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout=CLOSE_S)

    def _run(self) -> None:
        try:
            while not self._closed:
                self._turn()
        finally:
            self._closed = True  # rather refuse than keep waiting

    def _turn(self) -> None:
        with self._changed:
            self._changed.wait(self._wait_s(now_ms()))
            now = now_ms()
            self._gpu.advance(now)
            open_now, figures = list(self._open), gauges(self._gpu, now)
        ended = {each for each in open_now if self._serve(each, now)}
        if now >= self._next_check_ms:
            self._next_check_ms = now + CHECK_MS
            ended |= {each for each in open_now if each not in ended and self._drop_if_cancelled(each)}
            self._around.report(figures)
            self._faults = self._around.faults()
        with self._changed:
            self._open = [each for each in self._open if each not in ended]

    def _wait_s(self, now: float) -> float:
        due = min(self._gpu.next_ms(), self._next_check_ms)
        if any(each.stream for each in self._open):
            due = min(due, now + STREAM_MS)
        return max(due - now, 0.0) / 1e3

    def _serve(self, each: _Open, now: float) -> bool:
        """Send what is due; whether that was the last."""
        if each.factor != 1:
            return self._serve_late(each, now)
        given = each.request.tokens_at(now)
        if given == each.request.output_tokens:
            each.reply.send(each.text[each.sent :], each.request, final=True)
            return True
        due = given * CHARACTERS_PER_TOKEN
        if each.stream and due > each.sent:
            each.reply.send(each.text[each.sent : due], each.request, final=False)
            each.sent = due
        return False

    def _serve_late(self, each: _Open, now: float) -> bool:
        """Send all at once, when it would have been that much slower; never by an infinite factor."""
        request = each.request
        if now < request.arrived_ms + each.factor * (request.last_token_ms - request.arrived_ms):
            return False
        request.slow_down(each.factor)
        each.reply.send(each.text, request, final=True)
        return True

    def _drop_if_cancelled(self, each: _Open) -> bool:
        if not each.reply.cancelled():
            return False
        with self._changed:
            self._gpu.cancel(each.request, now_ms())
        each.reply.release()
        return True


def now_ms() -> float:
    """The clock of the simulated GPU."""
    return time.monotonic() * 1e3
