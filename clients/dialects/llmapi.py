"""The tensors of TensorRT-LLM's `llmapi` variant, where one Python model `tensorrt_llm` does everything; pure.

Names, types and shapes are those of `triton_backend/all_models/llmapi/tensorrt_llm/config.pbtxt` in
NVIDIA/TensorRT-LLM. The model does not batch (`max_batch_size: 0` in its model.yaml): wire shapes have no batch
dimension, and it refuses a text in two dimensions. It has no guided decoding, and does not count tokens.
"""

from clients.calls import Call
from clients.dialects.servers import Guide
from clients.dialects.tensors import Tensor, TensorMap, Value


def _values(call: Call, _: Guide | None) -> dict[str, Value]:
    values: dict[str, Value] = {
        "text_input": call.prompt,
        "sampling_param_max_tokens": call.max_tokens,
        "sampling_param_temperature": call.temperature,
        "sampling_param_seed": call.seed,
        "streaming": False,  # which it allows only when decoupled, and that it is not by default
        "sampling_param_exclude_input_from_output": True,
        "sampling_param_return_perf_metrics": True,
        "return_finish_reason": True,
    }
    if call.stop:
        values["sampling_param_stop"] = tuple(call.stop)
    return values


LLMAPI = TensorMap(
    required=(Tensor("text_input", "BYTES", (-1,)), Tensor("sampling_param_max_tokens", "INT32", (1,))),
    optional=(
        Tensor("sampling_param_temperature", "FP32", (1,)),
        Tensor("sampling_param_seed", "UINT64", (1,)),
        Tensor("streaming", "BOOL", (1,)),
        Tensor("sampling_param_exclude_input_from_output", "BOOL", (1,)),
        Tensor("sampling_param_return_perf_metrics", "BOOL", (1,)),
        Tensor("return_finish_reason", "BOOL", (1,)),
        Tensor("sampling_param_stop", "BYTES", (-1,)),
    ),
    outputs=(Tensor("text_output", "BYTES", (-1,)),),
    values=_values,
    guide="",
    metrics="sampling_param_return_perf_metrics",
    stream="streaming",
    reused="kv_cache_reused_block",
)
