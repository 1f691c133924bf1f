"""Match: what `penchant serve` says of candidates, and what stands where it does not answer. No I/O here."""

import json
import re
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal, NamedTuple

from penchant_reader import arguments
from penchant_reader.ids import InvalidId, id_text
from penchant_reader.intent import ReadFailed

MOST_CANDIDATES = 100
"""Those behind them are not asked about, and come last in the order given."""

LONGEST_MS = 10_000.0
"""The longest deadline that the service takes."""

LEFT = 0.8
"""The share of a client's time that the service may take: the rest is the network's."""

MatchReason = Literal["", "id", "timeout", "circuit", "refused", "unavailable", "unreadable"]
"""Why the order given stands: the shopper's id or all candidates' are none, no answer in time, left alone after a
failure, a request that the service will not have (a token, a language), it could not be asked, or what came is none."""

_ID = re.compile(r"[^\x00-\x1f\x7f{}]{1,128}")


class Refused(ValueError):
    """The service refuses the request, and will again: its words say which field or token is wrong."""


class Unanswered(ConnectionError):
    """The service cannot answer now: it is over its limit, or fails."""


@dataclass(frozen=True)
class Match:
    """A candidate in its place. `fit` is the model's score, where it gave one; `card`: the product is known. What
    speaks for it and against it has a `code`, `values` and a `text`."""

    product: str
    score: float = 0.0
    fit: float | None = None
    card: bool = False
    pro: tuple[Mapping[str, Any], ...] = ()
    con: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Matches:
    """All candidates, each once, the fittest first. `failed`: the order given stands, and `reason` says why. `step` is
    the last that was in time: `given`, `features` or `scores`. `sentence` are a model's words for the reasons of the
    first; empty where none was asked for, in time, or held."""

    shopper: str
    matches: tuple[Match, ...]
    step: str = "given"
    notes: tuple[str, ...] = ()
    failed: bool = False
    reason: MatchReason = ""
    sentence: str = ""

    @property
    def products(self) -> list[str]:
        """The candidates' ids in this order."""
        return [each.product for each in self.matches]


class Question(NamedTuple):
    """What is asked: the body, and the candidates that it has; `rest` come behind them as they were given."""

    shopper: str
    body: bytes
    candidates: tuple[str, ...]
    rest: tuple[str, ...]


class Matching:
    """Questions and answers of a client. Threads may share it."""

    def __init__(self, timeout_s: float, *, strict: bool) -> None:
        self.failures: Counter[str] = Counter()
        self._deadline_ms = min(max(arguments.timeout(timeout_s) * 1e3 * LEFT, 1.0), LONGEST_MS)
        self._strict, self._lock = strict, threading.Lock()

    def question(self, shopper: object, candidates: Iterable[object], **more: Any) -> "Question | Matches":
        """What to ask; the order given where there is nothing to ask about."""
        arguments.purpose(more.get("purpose", ""))
        given = dict(map(_read, arguments.ids("candidates", candidates)))
        name, is_id = _read(shopper)
        known = dict.fromkeys(islice((each for each, valid in given.items() if valid), MOST_CANDIDATES))
        if not known or not is_id:
            whose = "the shopper's id" if known else "every candidate's id"
            return self.nothing(name, tuple(given), InvalidId(f"{whose} is none"), "id")
        asked = {"shopper": name, "candidates": list(known), "deadline_ms": self._deadline_ms, **more}
        rest = tuple(each for each in given if each not in known)
        return Question(name, json.dumps(asked).encode(), tuple(known), rest)

    def answer(self, question: Question, status: int, body: bytes) -> Matches:
        """What a reply comes to. Raises Unanswered, Refused, and ValueError, TypeError or KeyError for what is none."""
        if status in (408, 429) or status >= 500:
            raise Unanswered(f"HTTP {status}: {body[:200]!r}")
        if status != 200:
            raise Refused(f"HTTP {status}: {body[:200]!r}")
        told = json.loads(body)
        found = tuple(_match(each) for each in told["matches"])
        if sorted(each.product for each in found) != sorted(question.candidates):
            raise ValueError("the answer is not about the candidates that were asked about")
        behind = tuple(map(Match, question.rest))
        notes, sentence = tuple(map(str, told["notes"])), str(told.get("sentence", ""))
        return Matches(question.shopper, found + behind, str(told["step"]), notes, sentence=sentence)

    def failed(self, question: Question, error: Exception, reason: MatchReason) -> Matches:
        """The order given, and why."""
        return self.nothing(question.shopper, question.candidates + question.rest, error, reason)

    def unasked(self, shopper: object, candidates: Iterable[object], error: Exception) -> Matches:
        """The order given where nobody came to ask in time."""
        return self.nothing(_read(shopper)[0], tuple(dict(map(_read, candidates))), error, "timeout")

    def nothing(self, shopper: str, given: Sequence[str], error: Exception, reason: MatchReason) -> Matches:
        """Count the error, or raise ReadFailed where the client is strict."""
        if self._strict:
            raise ReadFailed(f"{type(error).__name__}: {error}") from error
        with self._lock:
            self.failures[type(error).__name__] += 1
        return Matches(shopper, tuple(map(Match, given)), failed=True, reason=reason)


def _match(told: Mapping[str, Any]) -> Match:
    fit = told["fit"]
    return Match(
        str(told["product"]), float(told["score"]), None if fit is None else float(fit), bool(told["card"]),
        tuple(told["for"]), tuple(told["against"]),
    )  # fmt: skip


def _read(said: object) -> tuple[str, bool]:
    """The id as text, and whether it is one; what is none as it prints, since it keeps its place behind the others."""
    try:
        text = id_text(said)
    except InvalidId:
        return repr(said), False
    return text, _ID.fullmatch(text) is not None
