"""The embedded Triton's `tensorrt_llm`, which is that of TensorRT-LLM's llmapi repository, and what speaks to it.

Source: NVIDIA/TensorRT-LLM, triton_backend/all_models/llmapi/tensorrt_llm (config.pbtxt, 1/model.py, 1/model.yaml).
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from clients.dialects.generate import GenerateClient
from clients.dialects.triton import TritonClient
from sandbox.servers import triton
from sandbox.servers.triton import TritonServer
from tests.clients.asking import ask
from tests.fakes.echo import ECHO

pytestmark = [pytest.mark.slow, pytest.mark.triton]

# name: (type, shape); only text_input is not optional
INPUTS = {
    "text_input": ("STRING", [-1]),
    "image_url": ("STRING", [-1]),
    "streaming": ("BOOL", [1]),
    "sampling_param_best_of": ("INT32", [1]),
    "sampling_param_temperature": ("FP32", [1]),
    "sampling_param_top_k": ("INT32", [1]),
    "sampling_param_top_p": ("FP32", [1]),
    "sampling_param_frequency_penalty": ("FP32", [1]),
    "sampling_param_presence_penalty": ("FP32", [1]),
    "sampling_param_max_tokens": ("INT32", [1]),
    "sampling_param_stop": ("STRING", [-1]),
    "sampling_param_seed": ("UINT64", [1]),
    "sampling_param_exclude_input_from_output": ("BOOL", [1]),
    "sampling_param_return_perf_metrics": ("BOOL", [1]),
    "return_finish_reason": ("BOOL", [1]),
    "return_stop_reason": ("BOOL", [1]),
    "return_cumulative_logprob": ("BOOL", [1]),
    "stop": ("BOOL", [1]),
    "lora_id": ("UINT64", [1]),
    "lora_name": ("STRING", [1]),
    "lora_path": ("STRING", [1]),
    "lora_ckpt_source": ("STRING", [1]),
}
OUTPUTS = {
    "text_output": ("STRING", [-1]),
    "finish_reason": ("STRING", [-1]),
    "stop_reason": ("STRING", [-1]),
    "cumulative_logprob": ("FP32", [-1]),
    "kv_cache_reused_block": ("INT32", [-1]),
    "kv_cache_missed_block": ("INT32", [-1]),
    "kv_cache_alloc_new_blocks": ("INT32", [-1]),
    "kv_cache_alloc_total_blocks": ("INT32", [-1]),
    "kv_cache_hit_rate": ("FP32", [-1]),
    "arrival_time_ns": ("INT64", [1]),
    "first_scheduled_time_ns": ("INT64", [1]),
    "first_token_time_ns": ("INT64", [1]),
    "last_token_time_ns": ("INT64", [1]),
    "acceptance_rate": ("FP32", [1]),
    "total_accepted_draft_tokens": ("INT32", [1]),
    "total_draft_tokens": ("INT32", [1]),
}


@pytest.fixture(scope="module")
async def server(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TritonServer]:
    """A tritonserver with that model alone, which answers with the prompt."""
    if why := triton.missing():
        pytest.skip(f"NO TRITONSERVER: {why}")
    async with TritonServer(tmp_path_factory.mktemp("triton"), answer=ECHO, models=("tensorrt_llm",)) as server:
        yield server


async def test_the_tensors_are_those_of_llmapi(server: TritonServer) -> None:
    """Every name, type, shape and optionality are those of the llmapi repository; it neither batches nor streams."""
    async with httpx.AsyncClient(trust_env=False) as client:
        config = (await client.get(f"{server.http_url}/v2/models/tensorrt_llm/config")).json()

    def table(tensors: list[dict[str, Any]]) -> dict[str, tuple[str, list[int]]]:
        return {each["name"]: (each["data_type"].removeprefix("TYPE_"), each["dims"]) for each in tensors}

    assert table(config["input"]) == INPUTS
    assert table(config["output"]) == OUTPUTS
    assert [each["name"] for each in config["input"] if not each["optional"]] == ["text_input"]
    assert config["max_batch_size"] == 0
    assert not config["model_transaction_policy"]["decoupled"]


async def test_over_grpc(server: TritonServer) -> None:
    """The client finds model and tensors by itself, and gets text, reason, reused blocks and times, but no tokens."""
    client = TritonClient(server.grpc_address)
    assert (await client.probe()).endswith("model tensorrt_llm (without guided decoding)")
    prompt = "what does this shopper want? " * 20
    for cached in (0, 128):
        completion = await client.complete(ask(prompt, json_schema="{}", stop=("never",)))
        assert completion.text == prompt[:200]
        assert (completion.finish_reason, completion.cached_tokens) == ("stop", cached)
        assert completion.input_tokens is None
        assert completion.queue_ms is not None
        assert completion.prefill_ms
        assert completion.decode_ms
    await client.close()


async def test_over_http(server: TritonServer) -> None:
    """HTTP says the same; since the model does not stream, an abandoned call would run on, and the probe says so."""
    client = GenerateClient(server.http_url)
    assert (await client.probe()).endswith("over HTTP (without guided decoding and cancellation)")
    completion = await client.complete(ask("hello there", stop=("the",)))
    assert (completion.text, completion.finish_reason) == ("hello ", "stop")
    assert completion.queue_ms is not None
    await client.close()
