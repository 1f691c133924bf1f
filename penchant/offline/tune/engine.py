"""Engine: which of its own settings the engine should have, by the timing's curve alone. A simulation's word. Pure."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from penchant.offline.tune.target import Target
from penchant.offline.whatif.figures import Figures
from sandbox.gpu.timing import Timing

WORSE = 0.02
"""By which share the freshness may be worse with less of a setting."""

FRESHNESS = "freshness_p95_s"

NAMES: Mapping[str, str] = MappingProxyType(
    {"max_batch": "max_batch_size", "kv_blocks": "blocks of KV cache", "max_num_tokens": "max_num_tokens"}
)
"""The simulated GPU's parameters (docs/gpu.md), and what TensorRT-LLM calls them."""

SHARES = (0.25, 0.5, 1.0)
"""Of what the timing has."""

Play = Callable[[str], Awaitable[Figures]]
"""The figures of the chosen settings with some words more."""


@dataclass(frozen=True, slots=True)
class EngineSetting:
    """The least of a parameter with which the chosen settings are about as fresh as with any; `tried`: the seconds of
    freshness, 95 % of intents within, with each value, and `reached`: with which the target is."""

    name: str
    value: int
    tried: Mapping[int, float | None]
    reached: tuple[int, ...]


async def recommend(timing: Timing, target: Target, play: Play) -> list[EngineSetting]:
    """One parameter after the other, the others as the timing has them."""
    return [await _least(name, getattr(timing, name), target, play) for name in NAMES]


async def _least(name: str, usual: int, target: Target, play: Play) -> EngineSetting:
    values = sorted({max(round(usual * share), 1) for share in SHARES})
    played = {value: await play(f"gpu.{name}={value}") for value in values}
    tried = {value: figures[FRESHNESS] for value, figures in played.items()}
    reached = tuple(value for value in values if target.lacks(played[value][target.name]) == 0.0)
    known = [each for each in tried.values() if each is not None]
    good = [value for value, each in tried.items() if each is not None and each <= min(known) * (1 + WORSE)]
    return EngineSetting(NAMES[name], min((value for value in good if value in reached), default=usual), tried, reached)
