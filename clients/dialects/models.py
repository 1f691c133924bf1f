"""Models of a Triton server: which to use when none is named, and which tensor map one fits; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clients.dialects import tensors
from clients.dialects.ensemble import ENSEMBLE
from clients.dialects.llmapi import LLMAPI
from clients.dialects.tensors import Described, Input, TensorMap
from streams.errors import ContractMismatch, ModelUnavailable, PenchantError

NAMES = ("ensemble", "tensorrt_llm_bls", "tensorrt_llm")
"""The models of TensorRT-LLM's repositories that take a text, in the order in which they are looked for."""

MAPS = (ENSEMBLE, LLMAPI)
OVERLOADED = ("maximum queue size", "request timeout expired")
"""What Triton's batchers and the executor say when they want less, whatever the status beside it."""

REMEDY = (
    "set the model to the `ensemble` or `tensorrt_llm_bls` of TensorRT-LLM's inflight_batcher_llm repository, "
    "or to the `tensorrt_llm` of its llmapi repository"
)


@dataclass(frozen=True, slots=True)
class Model:
    """A model whose tensors we know; `inputs` are those that it offers and we send."""

    name: str
    tensor_map: TensorMap
    inputs: Mapping[str, Input]

    def lacks(self) -> list[str]:
        """What it cannot do, in words for people."""
        wanted = {"guided decoding": self.tensor_map.guide, "perf metrics": self.tensor_map.metrics}
        return [what for what, name in wanted.items() if name not in self.inputs]


def recognised(name: str, inputs: Sequence[Described], outputs: Sequence[Described], endpoint: str) -> Model:
    """The model by its metadata; ContractMismatch names each tensor that is not there, as expected and as found."""
    misses = [(tensors.mismatches(tensor_map, inputs, outputs), tensor_map) for tensor_map in MAPS]
    wrong, nearest = min(misses, key=lambda each: len(each[0]))
    if wrong:
        raise ContractMismatch(f"{endpoint}, model {name}: expected {'; '.join(wrong)}", REMEDY)
    return Model(name, nearest, tensors.offered(nearest, inputs))


def not_ready(name: str | None, states: Mapping[str, str], endpoint: str) -> PenchantError:
    """Why no model can be used: ModelUnavailable when it is there but not ready, else ContractMismatch. `states` are
    those of the models that there are."""
    if found := [each for each in ((name,) if name else NAMES) if each in states]:
        return ModelUnavailable(f"{endpoint}: model {found[0]} is not ready: {states[found[0]]}")
    expected = f"model {name}" if name else f"one of the models {', '.join(NAMES)}"
    return ContractMismatch(f"{endpoint}: expected {expected}, found {', '.join(sorted(states)) or 'no model'}", REMEDY)


def overloaded(text: str) -> bool:
    """Whether a complaint of Triton asks for less."""
    return any(words in text.lower() for words in OVERLOADED)
