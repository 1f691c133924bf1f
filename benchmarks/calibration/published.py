"""Published: what public benchmarks of models on one H100 took, and the simulated GPU that takes most nearly as long.

What an iteration costs follows from a model's bytes and operations, and from six figures that are the same for all
models: the shares of the GPU's peaks that are reached, and what is spent beside. These are fitted to all runs at once,
each as much as another, by Gauss and Newton's least squares of the logarithms.

python -m benchmarks.calibration.published
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandbox.gpu.gpu import Gpu
from sandbox.gpu.timing import SECOND_OPINION, Timing

RUNS = Path(__file__).with_name("published.json")
BYTES_PER_MS, FLOP_PER_MS = 3.35e9, {1: 1_979e9, 2: 989.5e9}
"""The peaks of an H100 SXM5, by the bytes of a weight (docs/gpu.md)."""

ROUNDS, STEP = 6, 0.02
BETWEEN = 0.3
"""What it weighs how far runs are apart: a server may be slower than another, whatever the arithmetic."""

WIDEST = 0.7
"""How far a figure goes in one round, as a logarithm."""


@dataclass(frozen=True, slots=True)
class Model:
    """Bytes of its weights, parameters that a prompt token meets, bytes of KV cache a token, and bytes of a weight."""

    weights: float
    parameters: float
    kv_bytes: int
    width: int

    @property
    def kv_blocks(self) -> int:
        """What 80 GB leave of blocks of 32 tokens, as in docs/gpu.md."""
        return int((80e9 - self.weights - 3e9) * 0.9 / self.kv_bytes / 32)


MODELS: Mapping[str, Model] = {
    "qwen3-32b-fp8": Model(32.8e9, 31.2e9, 262_144, 1),
    "qwen3-8b": Model(16.4e9, 6.95e9, 147_456, 2),
    "qwen3-8b-fp8": Model(9.4e9, 6.95e9, 147_456, 1),
}
"""Of 8B in FP8 the embeddings keep two bytes."""

FIRST = {
    "beside_ms": 2.0,
    "sequence_ms": 0.02,
    "weights_share": 0.8,
    "kv_share": 0.6,
    "flop_share_1": 0.35,
    "flop_share_2": 0.6,
}
"""Milliseconds of an iteration and of a sequence beside reading and computing, and shares of the peaks; with one byte a
weight and with two."""

FITTED = {
    "beside_ms": 1.395,
    "sequence_ms": 0.00483,
    "weights_share": 0.8356,
    "kv_share": 0.8144,
    "flop_share_1": 0.224,
    "flop_share_2": 0.607,
}
"""What `fit` found, of which PUBLISHED_RUNS of sandbox/gpu/timing.py is made."""


@dataclass(frozen=True, slots=True)
class Case:
    """Requests of so many tokens in and out, so many of them at once, and how long all of them took."""

    run: str
    model: str
    timing: Timing
    input_tokens: int
    output_tokens: int
    requests: int
    at_once: int
    took_s: float


def cases(file: Path = RUNS) -> list[Case]:
    """All that was published."""
    runs: list[dict[str, Any]] = json.loads(file.read_text())
    return [
        Case(f"{run['run']}, {run['model']}", run["model"], _room(run), *case) for run in runs for case in run["cases"]
    ]


def timing_of(model: Model, figures: Mapping[str, float], room: Timing) -> Timing:
    """What these figures make of a model's bytes and operations."""
    prefill_ms = 2 * model.parameters / (FLOP_PER_MS[model.width] * figures[f"flop_share_{model.width}"])
    return replace(
        room,
        iteration_ms=figures["beside_ms"] + model.weights / (BYTES_PER_MS * figures["weights_share"]),
        prefill_ms_per_token=prefill_ms,
        decode_ms_per_sequence=figures["sequence_ms"],
        kv_ms_per_token=model.kv_bytes / (BYTES_PER_MS * figures["kv_share"]),
        kv_blocks=model.kv_blocks,
    )


def played_s(case: Case, timing: Timing) -> float:
    """How long the simulated GPU takes for the case: as soon as one request ends, the next one comes."""
    gpu, now_ms, begun = Gpu(timing), 0.0, 0
    running = []
    while begun < case.requests or running:
        while begun < case.requests and len(running) < case.at_once:
            prompt = f"{begun:04d}" + "x" * 4 * (case.input_tokens - 1)
            running.append(gpu.submit(prompt, case.output_tokens, now_ms))
            begun += 1
        now_ms = gpu.next_ms()
        gpu.advance(now_ms)
        running = [each for each in running if each.last_token_ms > now_ms]
    return now_ms / 1e3


def fit(published: Sequence[Case]) -> dict[str, float]:
    """The figures with which cases are least far off beside the others of their run, and runs beside each other."""
    names, at = list(FIRST), np.log(np.array(list(FIRST.values())))

    def off(figures: NDArray[np.float64]) -> NDArray[np.float64]:
        known = dict(zip(names, np.exp(figures), strict=True))
        return _apart([case.run for case in published], np.array([_off(case, known) for case in published]))

    for _ in range(ROUNDS):
        here = off(at)
        slopes = np.array([(off(at + STEP * row) - here) / STEP for row in np.eye(len(at))]).T
        step = np.linalg.lstsq(np.vstack([slopes, 0.05 * np.eye(len(at))]), np.append(-here, 0 * at), rcond=None)[0]
        at = at + np.clip(step, -WIDEST, WIDEST)
    return dict(zip(names, map(float, np.exp(at)), strict=True))


def _apart(runs: Sequence[str], off: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each case is off beside the mean of its run, whatever the number of its cases, and these means."""
    parts = []
    for run in dict.fromkeys(runs):
        mine = off[[each == run for each in runs]]
        parts += [(mine - mine.mean()) / len(mine) ** 0.5, [BETWEEN * mine.mean()]]
    return np.concatenate(parts)


def report(published: Sequence[Case], figures: Mapping[str, float]) -> dict[str, Any]:
    """The figures, and the timing that they make of each model. Of each run the `pace`: how long it was played, to what
    was published; and of its cases what is left over beside that."""
    timings = {name: timing_of(model, figures, Timing()) for name, model in MODELS.items()}
    runs: dict[str, dict[str, Any]] = {}
    for run in dict.fromkeys(case.run for case in published):
        off = np.array([_off(case, figures) for case in published if case.run == run])
        left = [round(float(each), 3) for each in np.exp(off - off.mean())]
        runs[run] = {"pace": round(float(np.exp(off.mean())), 3), "left_over": left}
    return {"figures": figures, "timings": {name: str(each) for name, each in timings.items()}, "runs": runs}


def beside(published: Sequence[Case], timing: Timing, model: str) -> list[float]:
    """How long a timing that was fitted elsewhere takes for a model's cases, to what was published."""
    fitted = (
        played_s(case, replace(timing, max_batch=case.timing.max_batch, max_waiting=case.timing.max_waiting))
        / case.took_s
        for case in published
        if case.model == model
    )
    return [round(each, 3) for each in fitted]


def _off(case: Case, figures: Mapping[str, float]) -> float:
    return float(np.log(played_s(case, timing_of(MODELS[case.model], figures, case.timing)) / case.took_s))


def _room(run: Mapping[str, Any]) -> Timing:
    return Timing(max_batch=run["max_batch"], max_waiting=run["max_batch"], max_num_tokens=run["max_num_tokens"])


if __name__ == "__main__":
    known = cases()
    found = report(known, fit(known))
    others = {"default": beside(known, Timing(), "qwen3-32b-fp8")}
    others["aiconfigurator"] = beside(known, SECOND_OPINION, "qwen3-32b-fp8")
    print(json.dumps(found | {"others, qwen3-32b-fp8": others}, indent=1))
