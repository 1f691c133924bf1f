"""The tensors of TensorRT-LLM's `ensemble`, as its own configuration has them, and a plain client for it.

Source: NVIDIA/TensorRT-LLM, triton_backend/all_models/inflight_batcher_llm/ensemble/config.pbtxt.
"""

from collections.abc import AsyncIterator
from typing import Any

import numpy as np
from tritonclient.grpc import InferInput
from tritonclient.grpc.aio import InferenceServerClient

# name: (type, shape after the batch dimension, optional)
INPUTS = {
    "text_input": ("STRING", [1], False),
    "max_tokens": ("INT32", [1], False),
    "decoder_text_input": ("STRING", [1], True),
    "stop_words": ("STRING", [-1], True),
    "bad_words": ("STRING", [-1], True),
    "stream": ("BOOL", [1], True),
    "temperature": ("FP32", [1], True),
    "top_k": ("INT32", [1], True),
    "top_p": ("FP32", [1], True),
    "length_penalty": ("FP32", [1], True),
    "repetition_penalty": ("FP32", [1], True),
    "presence_penalty": ("FP32", [1], True),
    "frequency_penalty": ("FP32", [1], True),
    "min_tokens": ("INT32", [1], True),
    "seed": ("UINT64", [1], True),
    "end_id": ("INT32", [1], True),
    "pad_id": ("INT32", [1], True),
    "beam_width": ("INT32", [1], True),
    "num_return_sequences": ("INT32", [1], True),
    "exclude_input_in_output": ("BOOL", [1], True),
    "return_log_probs": ("BOOL", [1], True),
    "return_context_logits": ("BOOL", [1], True),
    "return_generation_logits": ("BOOL", [1], True),
    "return_perf_metrics": ("BOOL", [1], True),
    "return_num_input_tokens": ("BOOL", [1], True),
    "return_num_output_tokens": ("BOOL", [1], True),
    "embedding_bias_words": ("STRING", [-1], True),
    "embedding_bias_weights": ("FP32", [-1], True),
    "prompt_embedding_table": ("FP16", [-1, -1], True),
    "prompt_vocab_size": ("INT32", [1], True),
    "prompt_table_extra_id": ("UINT64", [1], True),
    "lora_task_id": ("UINT64", [1], True),
    "lora_weights": ("FP16", [-1, -1], True),
    "lora_config": ("INT32", [-1, 3], True),
    "guided_decoding_guide_type": ("STRING", [1], True),
    "guided_decoding_guide": ("STRING", [1], True),
}

OUTPUTS = {
    "text_output": ("STRING", [-1], False),
    "cum_log_probs": ("FP32", [-1], False),
    "output_log_probs": ("FP32", [-1, -1], False),
    "context_logits": ("FP32", [-1, -1], False),
    "generation_logits": ("FP32", [-1, -1, -1], False),
    "batch_index": ("INT32", [1], False),
    "sequence_index": ("INT32", [1], False),
    "num_input_tokens": ("INT32", [1], False),
    "num_output_tokens": ("INT32", [1], False),
    "kv_cache_alloc_new_blocks": ("INT32", [1], False),
    "kv_cache_reused_blocks": ("INT32", [1], False),
    "kv_cache_alloc_total_blocks": ("INT32", [1], False),
    "arrival_time_ns": ("INT64", [1], False),
    "first_scheduled_time_ns": ("INT64", [1], False),
    "first_token_time_ns": ("INT64", [1], False),
    "last_token_time_ns": ("INT64", [1], False),
    "acceptance_rate": ("FP32", [1], False),
    "total_accepted_draft_tokens": ("INT32", [1], False),
    "total_draft_tokens": ("INT32", [1], False),
}

KINDS: dict[str, tuple[str, type]] = {
    "STRING": ("BYTES", np.object_),
    "INT32": ("INT32", np.int32),
    "BOOL": ("BOOL", np.bool_),
    "FP32": ("FP32", np.float32),
}


async def responses(client: InferenceServerClient, prompt: str, **values: Any) -> AsyncIterator[dict[str, Any]]:
    """Each response of one call, as its tensors' first elements by name; gRPC errors as they come."""
    inputs = [_input(name, value) for name, value in {"text_input": prompt, "max_tokens": 1000, **values}.items()]

    async def requests() -> AsyncIterator[dict[str, Any]]:
        yield {"model_name": "ensemble", "inputs": inputs}

    async for result, error in client.stream_infer(requests(), headers={"triton_grpc_error": "true"}):
        if error:
            raise error
        names = [output.name for output in result.get_response().outputs]
        yield {name: _first(result.as_numpy(name)) for name in names}


def _input(name: str, value: Any) -> InferInput:
    wire, kind = KINDS[INPUTS[name][0]]
    tensor = InferInput(name, [1, 1], wire)
    tensor.set_data_from_numpy(np.array([[value.encode() if isinstance(value, str) else value]], dtype=kind))
    return tensor


def _first(array: Any) -> Any:
    value = array.flat[0]
    return value.decode() if isinstance(value, bytes) else value.item()
