"""The tensors of TensorRT-LLM's `ensemble` and `tensorrt_llm_bls`; pure.

Names, types and shapes are those of `triton_backend/all_models/inflight_batcher_llm/ensemble/config.pbtxt`
in NVIDIA/TensorRT-LLM. Both models batch, so a wire shape starts with the batch: [1, n].
"""

from clients.calls import Call
from clients.dialects.servers import Guide
from clients.dialects.tensors import Tensor, TensorMap, Value


def _values(call: Call, guide: Guide | None) -> dict[str, Value]:
    values: dict[str, Value] = {
        "text_input": call.prompt,
        "max_tokens": call.max_tokens,
        "temperature": call.temperature,
        "seed": call.seed,
        # A message for each token would cost more than the rest of the call; the times come as perf metrics.
        "stream": False,
        "exclude_input_in_output": True,
        "return_num_input_tokens": True,
        "return_num_output_tokens": True,
        "return_perf_metrics": True,
    }
    if call.stop:
        values["stop_words"] = tuple(call.stop)
    if call.json_schema is not None and guide == "json_object":
        values["guided_decoding_guide_type"] = "json"
    elif call.json_schema is not None and guide is not None:
        values |= {"guided_decoding_guide_type": "json_schema", "guided_decoding_guide": call.json_schema}
    return values


ENSEMBLE = TensorMap(
    required=(Tensor("text_input", "BYTES", (-1, 1)), Tensor("max_tokens", "INT32", (-1, 1))),
    optional=(
        Tensor("temperature", "FP32", (-1, 1)),
        Tensor("seed", "UINT64", (-1, 1)),
        Tensor("stream", "BOOL", (-1, 1)),
        Tensor("exclude_input_in_output", "BOOL", (-1, 1)),
        Tensor("return_num_input_tokens", "BOOL", (-1, 1)),
        Tensor("return_num_output_tokens", "BOOL", (-1, 1)),
        Tensor("return_perf_metrics", "BOOL", (-1, 1)),
        Tensor("stop_words", "BYTES", (-1, -1)),
        Tensor("guided_decoding_guide_type", "BYTES", (-1, 1)),
        Tensor("guided_decoding_guide", "BYTES", (-1, 1)),
    ),
    outputs=(Tensor("text_output", "BYTES", (-1, -1)),),
    values=_values,
    guide="guided_decoding_guide",
    metrics="return_perf_metrics",
    stream="stream",
    reused="kv_cache_reused_blocks",
)
