"""Answers: what a model said at each cut, and what that comes to: how much of it holds, and what it costs. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from clients.calls import Completion, ModelClient
from penchant.offline.eval.table import Table
from prompts.library import DEFAULT_PROMPTS, PromptLibrary
from prompts.tokens import estimate
from streams.records.intents import Findings


@dataclass(frozen=True, slots=True)
class Subject:
    """A model with one version of the prompt. `what` is its server's own line; a `simulation` is no language model."""

    name: str
    client: ModelClient
    version: str
    prompts: PromptLibrary = DEFAULT_PROMPTS
    what: str = ""
    simulation: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one call. An answer that is none (not `valid`) leaves the rules' findings, as in the pipeline.

    `removed` has the kinds of what grounding took out; `claimed` counts the events that were given as evidence;
    `took_ms` is how long the call took; `parroted`: it repeats an example of its prompt.
    """

    findings: Findings
    completion: Completion
    valid: bool
    removed: tuple[str, ...] = ()
    abstained: bool = False
    claimed: int = 0
    took_ms: float = 0.0
    parroted: bool = False

    @property
    def by_rules(self) -> bool:
        """The findings are the rules'."""
        return self.abstained or not self.valid


@dataclass(frozen=True, slots=True)
class Answers:
    """A subject's answers, one a case, with the prompts; `prefix_shares` is what each prompt has in common with the one
    before, None for the first of a session."""

    subject: Subject
    answers: tuple[Answered, ...]
    prompts: tuple[str, ...]
    prefix_shares: tuple[float | None, ...]

    def report(self, table: Table) -> dict[str, object]:
        """Shares of one, and tokens a call, by the server's count or else estimated; `intervals` of both."""
        first, read, written = self.answers[0].completion, self._read(), self._written()
        ratios = {name: table.ratio(parts, wholes) for name, (parts, wholes) in self._sums(read, written).items()}
        return {
            "simulation": self.subject.simulation,
            "what": self.subject.what,
            "prompt": self.subject.version,
            "calls": len(self.answers),
            "model": first.model,
            "endpoint": first.endpoint,
            **{name: found[0] if found else None for name, found in ratios.items()},
            "input_tokens_median": median(read),
            "output_tokens_median": median(written),
            **_latency_ms([each.took_ms for each in self.answers]),
            "intervals": {name: list(found[1]) for name, found in ratios.items() if found},
        }

    def _sums(self, read: list[int], written: list[int]) -> dict[str, tuple[Sequence[float], Sequence[float]]]:
        """By share or mean: what counts of each case, and out of what."""
        answers, each_one = self.answers, [1] * len(self.answers)
        valid = [int(each.valid) for each in answers]
        claimed = [each.claimed for each in answers]
        return {
            "schema_valid_share": (valid, each_one),
            "grounded_share": ([int(each.valid and not each.removed) for each in answers], valid),
            "evidence_valid_share": ([each.claimed - each.removed.count("evidence") for each in answers], claimed),
            "by_rules_share": ([int(each.by_rules) for each in answers], each_one),
            "parroted_share": ([int(each.parroted) for each in answers], each_one),
            "abstained_share": ([int(each.abstained) for each in answers], valid),
            "prefix_share": (
                [share or 0.0 for share in self.prefix_shares],
                [int(share is not None) for share in self.prefix_shares],
            ),
            "input_tokens": (read, each_one),
            "output_tokens": (written, each_one),
        }

    def _read(self) -> list[int]:
        pairs = zip(self.answers, self.prompts, strict=True)
        counts = ((each.completion.input_tokens, prompt) for each, prompt in pairs)
        return [estimate(prompt) if count is None else count for count, prompt in counts]

    def _written(self) -> list[int]:
        completions = [each.completion for each in self.answers]
        return [estimate(each.text) if each.output_tokens is None else each.output_tokens for each in completions]


def _latency_ms(took_ms: Sequence[float]) -> dict[str, float]:
    """How long calls took, by the middle one and by the slowest twentieth."""
    ordered = sorted(took_ms)
    return {f"latency_ms_p{share}": ordered[round((len(ordered) - 1) * share / 100)] for share in (50, 95)}
