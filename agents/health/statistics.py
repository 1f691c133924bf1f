"""Meter: what this worker has done since it started, in plain counts, and how fresh its intents were."""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from agents.health.histogram import Histogram
from agents.health.in_time import InTime
from agents.health.percentiles import percentiles
from agents.health.timings import FRESHNESS_S, Timings
from clients.calls import Completion
from streams.records.intents import Intent

KEPT_SAMPLES = 20_000
"""Freshness samples kept for percentiles: the latest ones, 160 kB."""


@dataclass(slots=True)
class Meter:
    """Counts are totals. `freshness_ms`: from when Kafka took an intent's oldest new event to its write in Redis; the
    latest ones, of all of which `timings` has a histogram; by any intent, and by the model's.

    `rules_intents`: calls that the rules had to answer. `rules_shown`: calls during which the rules' intent was, or was
    to be, shown; `rules_first`: those of them whose answer then replaced it. `expired`: calls that were not made, since
    nobody could have read their intents. `calls_begun_anew`: cancelled for one that covers an urgent action, too.
    `calls_left_out`: not made, since nothing had changed; `left_out_checked` were made all the same, and the model said
    something else in `left_out_wrong` of them. `undecided_s`: when a part of the store last did not say what became of
    a write, while others did. `withheld` events are left out as sensitive; `sensitive` counts events that lost
    something, by handling and pattern. `impressions_left_out` are by why they count for no arm
    (agents/worker/impressions.py). `faults` are by work and kind of exception
    (agents/worker/boundary.py)."""

    events: int = 0
    repeated: int = 0
    duplicates: int = 0
    late: int = 0
    erased: int = 0
    opted_out: int = 0
    ignored: int = 0
    without_consent: int = 0
    consents_unread: int = 0
    minors: int = 0
    withheld: int = 0
    sensitive: Counter[tuple[str, str]] = field(default_factory=Counter)
    items_dropped: int = 0
    impressions_left_out: Counter[str] = field(default_factory=Counter)
    hottest_share: float = 0.0
    dead_letters: int = 0
    dead_letters_lost: int = 0
    records_expired: int = 0
    dead_letter_reasons: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    calls_left_out: int = 0
    calls_begun_anew: int = 0
    left_out_checked: int = 0
    left_out_wrong: int = 0
    call_failures: int = 0
    answers_refused: int = 0
    second_tries_spared: int = 0
    answers_parroted: int = 0
    answers_unkept: int = 0
    prompts_too_long: int = 0
    ungrounded: int = 0
    intents: int = 0
    rules_intents: int = 0
    rules_shown: int = 0
    rules_first: int = 0
    parked: int = 0
    expired: int = 0
    dropped: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    store_failures: int = 0
    stale_writes: int = 0
    rewinds: Counter[str] = field(default_factory=Counter)
    undecided_s: float = float("-inf")
    history_missed: int = 0
    given_up: int = 0
    sessions_unreadable: int = 0
    contexts_missed: int = 0
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    in_flight: int = 0
    freshness_ms: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT_SAMPLES))
    timings: Timings = field(default_factory=Timings)
    in_time: InTime = field(default_factory=InTime)
    model_freshness_ms: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT_SAMPLES))
    model_freshness_s: Histogram = field(default_factory=lambda: Histogram(FRESHNESS_S))
    latest: deque[Intent] = field(default_factory=lambda: deque(maxlen=12))

    def in_time_for_next(self) -> dict[str, float] | None:
        """The shares of `in_time`, of which a part of the calls that were left out is taken off, by those checked."""
        return self.in_time.shares(self.left_out_checked, self.left_out_wrong)

    def count_answer(self, answer: Completion, call_s: float) -> None:
        """Count what a server told of a call, and what it took as seen from here."""
        self.input_tokens += answer.input_tokens or 0
        self.cached_tokens += answer.cached_tokens or 0
        self.output_tokens += answer.output_tokens or 0
        first_ms = None if answer.prefill_ms is None else (answer.queue_ms or 0.0) + answer.prefill_ms
        self.timings.add_call(call_s, first_ms, answer.decode_ms, answer.output_tokens, answer.trace_id)

    def count_dead_letters(self, reasons: Iterable[str]) -> None:
        """Count refused records by why they were refused."""
        for reason in reasons:
            self.dead_letters += 1
            self.dead_letter_reasons[reason] += 1

    def count_intent(self, intent: Intent, freshness_ms: float, *, seen: bool = False) -> None:
        """Count a call's intent, written `freshness_ms` after its oldest new event; `seen`: the rules' one stood in
        until now."""
        self.intents += 1
        self.rules_intents += intent.source == "rules"
        self.latest.append(intent)
        if not seen:
            self._count_any(freshness_ms)
        if intent.source == "model":
            self.model_freshness_ms.append(freshness_ms)
            self.model_freshness_s.add(freshness_ms / 1e3)

    def count_shown(self, intent: Intent, freshness_ms: float) -> None:
        """Count the rules' intent that is shown while the model is still at its answer."""
        self.latest.append(intent)
        self._count_any(freshness_ms)

    def percentiles(self) -> dict[str, float] | None:
        """Freshness by any intent: p50, p95 and p99 in milliseconds; None before the first."""
        return percentiles(self.freshness_ms)

    def model_percentiles(self) -> dict[str, float] | None:
        """The same by the model's intents alone."""
        return percentiles(self.model_freshness_ms)

    def _count_any(self, freshness_ms: float) -> None:
        self.freshness_ms.append(freshness_ms)
