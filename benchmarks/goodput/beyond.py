"""Beyond: what becomes of urgent events at so many times a rate, on quarters of the GPUs.

python -m benchmarks.goodput.beyond 38.06 1.5 3
"""

import json
import sys
from typing import Any

from benchmarks.goodput.plan import GoodputPlan
from benchmarks.goodput.trial import run


def measure(rate: float, factors: list[float]) -> list[dict[str, Any]]:
    """A row for each factor."""
    plan = GoodputPlan().sliced()
    return [{"times": factor} | run(plan.trial("penchant", factor * rate)) for factor in factors]


if __name__ == "__main__":
    print(json.dumps(measure(float(sys.argv[1]), [float(each) for each in sys.argv[2:]]), indent=1))
