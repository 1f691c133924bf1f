"""Replicas: one server each, with its limiter, its outlier detector, and counts of what it did."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from clients.calls import Call, Completion, ModelClient
from clients.pools.ejection import MEMORY, Cause, OutlierDetector
from clients.pools.endpoints import Endpoint, Price
from clients.pools.limiter import Limiter, Slot
from streams.errors import DeadlinePassed, ModelOverloaded, ModelUnavailable

FAIR = 3.0
"""A late call is the replica's fault when it had at least so many times the usual time."""

State = Literal["in", "trial", "out"]


@dataclass(slots=True)
class Counts:
    """Totals since the replica was added. `late` calls were not answered by their deadline; `non_local` ones belong to
    another replica of the pool, `spilled` ones to an earlier pool. `busy_s` is how long at least one call was there."""

    calls: int = 0
    answers: int = 0
    failures: int = 0
    overloads: int = 0
    late: int = 0
    retries: int = 0
    hedges: int = 0
    non_local: int = 0
    spilled: int = 0
    ejections: Counter[Cause] = field(default_factory=Counter)
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    busy_s: float = 0.0

    def cost(self, price: Price) -> float:
        """What they came to. By the hour only the time counts in which our calls were there."""
        tokens = price.of_tokens(self.input_tokens, self.cached_tokens, self.output_tokens)
        return self.busy_s / 3_600 * price.per_hour + tokens


class Probed(NamedTuple):
    """What the last probe found, of whichever worker it was, and when that was known, on the event loop's clock."""

    at_s: float
    found: str | Exception
    number: str = ""


class Failure(NamedTuple):
    """A call that failed or was late, and when, on the event loop's clock."""

    at_s: float
    why: str


class Replica:
    """`running` are the calls there now, `retired` says that it was taken out of the settings; `share` is what it has
    of its own shoppers while it is usable, 0 while it is left idle (clients/pools/active_set.py); `probed` is None
    before the first probe. `kv_hit_rate`, `first_token_s` and `router_queue` are what its answers tell
    (clients/calls.py): on average, the last ones more than the others, and at the last one."""

    def __init__(
        self, endpoint: Endpoint, pool: str, client: ModelClient, limiter: Limiter, outlier_detector: OutlierDetector
    ) -> None:
        self.endpoint, self.pool, self.client = endpoint, pool, client
        self.limiter, self.outlier_detector, self.counts = limiter, outlier_detector, Counts()
        self.running = 0
        self.retired = False
        self.share = 1.0
        self.probed: Probed | None = None
        self.kv_hit_rate: float | None = None
        self.first_token_s: float | None = None
        self.router_queue: int | None = None
        self.last_failure: Failure | None = None
        self._busy_since_s = 0.0

    @property
    def name(self) -> str:
        """What its endpoint is called."""
        return self.endpoint.address

    @property
    def weight(self) -> float:
        """Its share of the shoppers."""
        return self.endpoint.weight

    @property
    def answered_s(self) -> float:
        """When it last answered a call, on the event loop's clock."""
        return self.outlier_detector.answered_s

    @property
    def usable(self) -> bool:
        """Whether calls may go there."""
        return not (self.retired or self.outlier_detector.out)

    @property
    def state(self) -> State:
        """As operators see it."""
        return "out" if self.outlier_detector.out else "trial" if self.outlier_detector.on_trial else "in"

    @property
    def cost(self) -> float:
        """What its calls came to, in the currency of its price."""
        return self.counts.cost(self.endpoint.price)

    async def ask(self, slot: Slot, call: Call) -> Completion:
        """Make a call, and note how it ended."""
        began_s = _now()
        self._begin(began_s)
        try:
            completion = await slot.ask(self.client, call)
        except ModelOverloaded:
            self.counts.overloads += 1
            raise
        except DeadlinePassed as error:
            self._note_late(call.deadline_s - began_s, error)
            self.last_failure = Failure(_now(), str(error))
            raise
        except ModelUnavailable as error:
            self.counts.failures += 1
            self.outlier_detector.failed(_now(), str(error))
            self.last_failure = Failure(_now(), str(error))
            raise
        finally:
            self._end(ended_s := _now())
        self.outlier_detector.answered(ended_s, max(ended_s - began_s - slot.wait.ms / 1e3, 0.0))
        self._count(completion)
        return completion

    def _begin(self, now_s: float) -> None:
        self.counts.calls += 1
        if not self.running:
            self._busy_since_s = now_s
        self.running += 1

    def _end(self, now_s: float) -> None:
        self.running -= 1
        if not self.running:
            self.counts.busy_s += now_s - self._busy_since_s

    def _note_late(self, given_s: float, error: DeadlinePassed) -> None:
        self.counts.late += 1
        usual_s = self.outlier_detector.service_s
        if given_s > 0 and (usual_s is None or given_s >= FAIR * usual_s):
            self.outlier_detector.failed(_now(), str(error), late=True)

    def _count(self, completion: Completion) -> None:
        counts = self.counts
        counts.answers += 1
        counts.input_tokens += completion.input_tokens or 0
        counts.cached_tokens += completion.cached_tokens or 0
        counts.output_tokens += completion.output_tokens or 0
        if (share := completion.kv_hit_rate) is not None:
            self.kv_hit_rate = _averaged(self.kv_hit_rate, share)
        if completion.prefill_ms is not None:
            first_s = ((completion.queue_ms or 0.0) + completion.prefill_ms) / 1e3
            self.first_token_s = _averaged(self.first_token_s, first_s)
        if completion.router_queue is not None:
            self.router_queue = completion.router_queue


def _now() -> float:
    return asyncio.get_running_loop().time()


def _averaged(before: float | None, value: float) -> float:
    """The average so far, moved towards a value."""
    return value if before is None else before + MEMORY * (value - before)
