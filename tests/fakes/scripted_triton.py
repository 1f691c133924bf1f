"""A real tritonserver with models of the tests: the tensors of TensorRT-LLM's `ensemble`, doing what prompts ask."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from sandbox.servers.triton import TritonServer

INPUTS = {
    "text_input": "TYPE_STRING dims: [1]",
    "max_tokens": "TYPE_INT32 dims: [1]",
    "temperature": "TYPE_FP32 dims: [1] optional: true",
    "seed": "TYPE_UINT64 dims: [1] optional: true",
    "stream": "TYPE_BOOL dims: [1] optional: true",
    "exclude_input_in_output": "TYPE_BOOL dims: [1] optional: true",
    "stop_words": "TYPE_STRING dims: [-1] optional: true",
    "return_num_input_tokens": "TYPE_BOOL dims: [1] optional: true",
    "return_num_output_tokens": "TYPE_BOOL dims: [1] optional: true",
    "return_perf_metrics": "TYPE_BOOL dims: [1] optional: true",
    "guided_decoding_guide_type": "TYPE_STRING dims: [1] optional: true",
    "guided_decoding_guide": "TYPE_STRING dims: [1] optional: true",
}
OUTPUTS = {
    "text_output": "TYPE_STRING dims: [-1]",
    "num_input_tokens": "TYPE_INT32 dims: [-1]",
    "num_output_tokens": "TYPE_INT32 dims: [-1]",
    "kv_cache_reused_blocks": "TYPE_INT32 dims: [-1]",
    "arrival_time_ns": "TYPE_INT64 dims: [-1]",
    "first_scheduled_time_ns": "TYPE_INT64 dims: [-1]",
    "first_token_time_ns": "TYPE_INT64 dims: [-1]",
    "last_token_time_ns": "TYPE_INT64 dims: [-1]",
}
LLMAPI_INPUTS = {
    "text_input": "TYPE_STRING dims: [-1]",
    "streaming": "TYPE_BOOL dims: [1] optional: true",
    "sampling_param_max_tokens": "TYPE_INT32 dims: [1] optional: true",
    "sampling_param_temperature": "TYPE_FP32 dims: [1] optional: true",
    "sampling_param_seed": "TYPE_UINT64 dims: [1] optional: true",
    "sampling_param_stop": "TYPE_STRING dims: [-1] optional: true",
    "sampling_param_exclude_input_from_output": "TYPE_BOOL dims: [1] optional: true",
    "sampling_param_return_perf_metrics": "TYPE_BOOL dims: [1] optional: true",
    "return_finish_reason": "TYPE_BOOL dims: [1] optional: true",
}
LLMAPI_OUTPUTS = {
    "text_output": "TYPE_STRING dims: [-1]",
    "finish_reason": "TYPE_STRING dims: [-1]",
    "kv_cache_reused_block": "TYPE_INT32 dims: [-1]",
    "kv_cache_missed_block": "TYPE_INT32 dims: [-1]",
    "kv_cache_hit_rate": "TYPE_FP32 dims: [-1]",
    "arrival_time_ns": "TYPE_INT64 dims: [1]",
    "first_scheduled_time_ns": "TYPE_INT64 dims: [1]",
    "first_token_time_ns": "TYPE_INT64 dims: [1]",
    "last_token_time_ns": "TYPE_INT64 dims: [1]",
}
QUEUE_OF_ONE = """dynamic_batching {
  default_queue_policy { max_queue_size: 1 default_timeout_microseconds: 300000 allow_timeout_override: true }
}"""


class ScriptedTriton(TritonServer):
    """Five models: `ensemble` is complete, `tensorrt_llm` is the one of the llmapi repository, `old` knows only what
    must be, `narrow` runs one call at a time and lets one wait for at most 0.3 s, `strange` has no `max_tokens`
    and answers with numbers."""

    def command(self) -> Sequence[str]:
        """As the embedded one, with our repository."""
        repository = self.run_folder / "repository"
        if not repository.exists():
            write(repository)
        ours = ("--model-repository=", "--model-control-mode=", "--load-model=")
        return [*(each for each in super().command() if not each.startswith(ours)), f"--model-repository={repository}"]


def write(folder: Path) -> None:
    """Write the model repository into `folder`."""
    old = {name: INPUTS[name] for name in ("text_input", "max_tokens")}
    _write_model(folder, "ensemble", INPUTS, OUTPUTS)
    _write_model(folder, "old", old, OUTPUTS)
    _write_model(folder, "tensorrt_llm", LLMAPI_INPUTS, LLMAPI_OUTPUTS, max_batch_size=0, decoupled=False)
    _write_model(folder, "narrow", INPUTS, OUTPUTS, more=QUEUE_OF_ONE, max_batch_size=1)
    _write_model(folder, "strange", {"text_input": INPUTS["text_input"]}, {"text_output": "TYPE_INT32 dims: [1]"})


def _write_model(
    folder: Path,
    name: str,
    inputs: dict[str, str],
    outputs: dict[str, str],
    more: str = "",
    max_batch_size: int = 64,
    *,
    decoupled: bool = True,
) -> None:
    (folder / name / "1").mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("triton_model.py"), folder / name / "1" / "model.py")
    (folder / name / "config.pbtxt").write_text(
        f'name: "{name}" backend: "python" max_batch_size: {max_batch_size} {more}\n'
        f"model_transaction_policy {{ decoupled: {decoupled} }}\n"
        f"input [{_tensors(inputs)}]\noutput [{_tensors(outputs)}]\n"
        f"instance_group [ {{count: 1 kind: KIND_CPU}} ]\n"
    )


def _tensors(tensors: dict[str, str]) -> str:
    return ", ".join(f'{{name: "{name}" data_type: {rest}}}' for name, rest in tensors.items())
