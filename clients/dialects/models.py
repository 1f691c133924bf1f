"""Models of a Triton server: which to use when none is named, and which tensor map one fits; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clients.dialects import tensors
from clients.dialects.ensemble import ENSEMBLE
from clients.dialects.learned_fields import LearnedFields
from clients.dialects.llmapi import LLMAPI
from clients.dialects.refusals import FieldRefused, too_long
from clients.dialects.sent_fields import Guided, named_fields, sent_fields
from clients.dialects.tensors import Described, Input, TensorMap
from streams.errors import ContractMismatch, ModelOverloaded, ModelUnavailable, PenchantError, PromptTooLong

NAMES = ("ensemble", "tensorrt_llm_bls", "tensorrt_llm")
"""The models of TensorRT-LLM's repositories that take a text, in the order in which they are looked for."""

MAPS = (ENSEMBLE, LLMAPI)
OVERLOADED = ("maximum queue size", "request timeout expired")
"""What Triton's batchers and the executor say when they want less, whatever the status beside it."""

FAILED = 500
"""The status of OpenAI's API that says the most of what Triton says: the server failed, whoever was at fault."""

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


def guided_fields(guided: Guided) -> LearnedFields:
    """How a model is told the form of its answers, until it refuses: TensorRT-LLM takes a schema by its own name."""
    return LearnedFields(sent_fields("json_schema", guided))


def refusal(endpoint_says: str, retry_after_s: float | None = None) -> ModelUnavailable | PromptTooLong:
    """What a complaint of Triton means, by its words: they come with any status."""
    if overloaded(endpoint_says):
        return ModelOverloaded(endpoint_says, retry_after_s)
    if fields := named_fields(FAILED, endpoint_says):
        return FieldRefused(endpoint_says, fields)
    return PromptTooLong(endpoint_says) if too_long(endpoint_says) else ModelUnavailable(endpoint_says)


def overloaded(text: str) -> bool:
    """Whether a complaint of Triton asks for less."""
    return any(words in text.lower() for words in OVERLOADED)
