"""How fast and how large a simulated GPU is. Sources and derivations of the figures are in docs/gpu.md."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any, Self

ENVIRONMENT = "PENCHANT_SIMULATED_"


@dataclass(frozen=True, slots=True)
class Timing:
    """What an iteration costs, and how much fits. By default Qwen3-32B in FP8 on one H100 SXM with TensorRT-LLM.

    An iteration takes `iteration_ms`, and more for each prompt token that it computes, each sequence that it gives a
    token to, and each token of KV cache that it reads for them. The defaults are fitted to a published benchmark.
    """

    iteration_ms: float = 19.4  # reading the weights, and all that does not depend on the batch
    prefill_ms_per_token: float = 0.145
    decode_ms_per_sequence: float = 0.14
    kv_ms_per_token: float = 0.000155
    max_batch: int = 128  # sequences that run at once
    max_waiting: int = 256  # requests beyond them, before new ones are refused
    max_num_tokens: int = 2_048  # in one iteration; longer prompts are computed in chunks, over several
    block_tokens: int = 32
    kv_blocks: int = 4_700
    partial_reuse: int = 0  # 1: what a block begins with is copied for those that go on otherwise, as TensorRT-LLM does
    transfer_ms_per_token: float = 0.0  # if given, prompts are computed by a GPU of their own, see disaggregated.py
    steady_ms_per_token: float = 0.0  # if given, that is all: every request at this pace, see steady.py

    def under(self, environment: Mapping[str, str]) -> Self:
        """The same, but for what the environment's variables say, e.g. PENCHANT_SIMULATED_MAX_BATCH."""
        found: dict[str, Any] = {}
        for name, value in asdict(self).items():
            if (text := environment.get(_variable(name))) is not None:
                found[name] = type(value)(text)
        return replace(self, **found)

    def variables(self) -> dict[str, str]:
        """The environment variables that `under` takes."""
        return {_variable(name): str(value) for name, value in asdict(self).items()}

    def sliced(self, slices: int) -> Self:
        """One of so many equal parts of a GPU: in as long an iteration it does so many times less."""
        return replace(
            self,
            prefill_ms_per_token=self.prefill_ms_per_token * slices,
            decode_ms_per_sequence=self.decode_ms_per_sequence * slices,
            kv_ms_per_token=self.kv_ms_per_token * slices,
            max_batch=max(self.max_batch // slices, 1),
            max_waiting=max(self.max_waiting // slices, 1),
            max_num_tokens=max(self.max_num_tokens // slices, 1),
            kv_blocks=max(self.kv_blocks // slices, 1),
        )


SECOND_OPINION = Timing(
    iteration_ms=14.5, prefill_ms_per_token=0.0686, decode_ms_per_sequence=0.0376, kv_ms_per_token=0.0000355
)
"""The same GPU and model as NVIDIA's AIConfigurator has them: about half of the default's times (docs/gpu.md)."""

PUBLISHED_RUNS = Timing(
    iteration_ms=13.1, prefill_ms_per_token=0.141, decode_ms_per_sequence=0.0048, kv_ms_per_token=0.0000961
)
"""The same GPU and model by one fit to three public runs of two models (benchmarks/calibration/published.py)."""

LEFT_OVER = 0.89, 1.18
"""Published to played, where it is least and where it is most: what that fit leaves over, of servers and of cases."""

LIGHT = Timing(
    iteration_ms=1.2,
    prefill_ms_per_token=0.01,
    decode_ms_per_sequence=0.0,
    kv_ms_per_token=0.0,
    max_batch=64,
    max_num_tokens=8_192,
    block_tokens=64,
    kv_blocks=8_192,
)
"""A small model, invented, for demos and tests: 1,500 tokens in and 100 out take about 135 ms, in any company."""

TIMINGS: Mapping[str, Timing] = MappingProxyType(
    {
        "light": LIGHT,
        "qwen3-32b-fp8@h100": Timing(),
        "qwen3-32b-fp8@h200": Timing(11.7, 0.061, 0.0216, 0.0000248, kv_blocks=11_280),
        "qwen3-32b-fp8@l40s": Timing(48.0, 0.325, 0.0661, 0.000138, kv_blocks=1_300),
        "qwen3-8b@h100": Timing(7.0, 0.022, 0.011, 0.0000446, kv_blocks=11_550),
        "qwen3-8b@l40s": Timing(18.5, 0.073, 0.0496, 0.000219, kv_blocks=5_450),
    }
)
"""By model and GPU. All but the first two are AIConfigurator's figures, which are kernels alone (docs/gpu.md)."""


def _variable(name: str) -> str:
    return ENVIRONMENT + name.upper()
