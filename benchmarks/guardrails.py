"""How often guardrails stop a good canary, and how soon a bad one.

`python benchmarks/guardrails.py [--days N] [--runs N] [--json]`. Calls are drawn with a seed and judged by the code of
the workers, every 10 seconds over the last hour. Errors, invalid answers and empty evidence are independent of each
other and from call to call; latency is lognormal.
"""

import argparse
import json
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from agents.experiments.guardrails import BUCKET_S, BUCKETS, Breach, GuardrailRules, breach
from agents.experiments.outcomes import LATENCY_S, Counts

LOOK_S = 10
DAY_S = 86_400
SEED = 4


@dataclass(frozen=True)
class Model:
    """How a model does: shares of errors, of invalid answers, of empty evidence; median latency and its sigma."""

    errors: float = 0.01
    invalid: float = 0.02
    empty: float = 0.10
    median_s: float = 1.0
    sigma: float = 0.5

    def draw(self, chance: np.random.Generator, calls_per_s: float) -> Counts:
        """What became of the calls of a look."""
        calls = int(chance.poisson(calls_per_s * LOOK_S))
        failed = int(chance.binomial(calls, self.errors))
        answered = calls - failed
        invalid = int(chance.binomial(answered, self.invalid))
        empty = int(chance.binomial(answered - invalid, self.empty))
        seconds = chance.lognormal(np.log(self.median_s), self.sigma, answered)
        latency = np.bincount(np.searchsorted(LATENCY_S, seconds), minlength=len(LATENCY_S) + 1)
        return Counts(failed, invalid, empty, latency=tuple(latency.tolist()))


GOOD = Model()
BAD = {
    "every call fails": replace(GOOD, errors=1.0),
    "a fifth of the calls fails": replace(GOOD, errors=0.2),
    "5 points more errors": replace(GOOD, errors=0.06),
    "10 points more invalid answers": replace(GOOD, invalid=0.12),
    "20 points more empty evidence": replace(GOOD, empty=0.30),
    "twice as slow": replace(GOOD, median_s=2.0),
    "half as slow again": replace(GOOD, median_s=1.5),
}


def run(
    arm: Model, arm_per_s: float, control_per_s: float, seconds: int, chance: np.random.Generator
) -> tuple[float, Breach] | None:
    """When the canary was stopped and why, None if it was not."""
    mine: deque[Counts] = deque(maxlen=BUCKETS)
    theirs: deque[Counts] = deque(maxlen=BUCKETS)
    for now_s in range(0, seconds, LOOK_S):
        if now_s % BUCKET_S == 0:
            mine.append(Counts())
            theirs.append(Counts())
        mine[-1] += arm.draw(chance, arm_per_s)
        theirs[-1] += GOOD.draw(chance, control_per_s)
        if found := breach(mine, theirs, GuardrailRules()):
            return now_s + LOOK_S, found
    return None


def false_alarms(days: int, arm_per_s: float, control_per_s: float) -> dict[str, object]:
    """Days on which a canary that is like its control was stopped."""
    chance = np.random.default_rng(SEED)
    found = [run(GOOD, arm_per_s, control_per_s, DAY_S, chance) for _ in range(days)]
    stopped = [each[1].guardrail for each in found if each]
    return {"arm_per_s": arm_per_s, "control_per_s": control_per_s, "days": days, "stopped": len(stopped),
            "by": sorted(stopped)}  # fmt: skip


def caught(name: str, model: Model, runs: int, arm_per_s: float, control_per_s: float) -> dict[str, object]:
    """How soon a bad canary is stopped within a day."""
    chance = np.random.default_rng(SEED)
    found = [run(model, arm_per_s, control_per_s, DAY_S, chance) for _ in range(runs)]
    times = sorted(each[0] for each in found if each)
    quantiles = {f"p{q}_s": times[min(int(len(times) * q / 100), len(times) - 1)] for q in (50, 95)} if times else {}
    calls = {f"p{q[1:3]}_calls": round(float(at) * arm_per_s) for q, at in quantiles.items()}
    return {"bad": name, "arm_per_s": arm_per_s, "control_per_s": control_per_s, "runs": runs, "stopped": len(times),
            **quantiles, **calls}  # fmt: skip


def main() -> None:
    """Print the tables, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=100)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rates = ((0.1, 9.9), (1.0, 99.0), (10.0, 90.0), (10.0, 10.0))
    with ProcessPoolExecutor() as pool:
        alarms = [pool.submit(false_alarms, asked.days, *rate) for rate in rates]
        bad = [pool.submit(caught, name, model, asked.runs, 1.0, 99.0) for name, model in BAD.items()]
        report = {"false_alarms": [each.result() for each in alarms], "caught": [each.result() for each in bad]}
    if asked.json:
        print(json.dumps(report))
        return
    for rows in report.values():
        for row in rows:
            print(row)


if __name__ == "__main__":
    main()
