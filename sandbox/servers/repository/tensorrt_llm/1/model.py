"""The `tensorrt_llm` of TensorRT-LLM's `llmapi` repository before a simulated GPU."""

import os
import sys

sys.path += [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]  # which the stub ignores

import numpy as np

from sandbox.servers.triton_model import Dialect, Reply, SimulatedModel, flag


class TritonPythonModel(SimulatedModel):
    """Neither batches nor streams, as configured by default there; counts blocks, not tokens."""

    dialect = Dialect(
        max_tokens="sampling_param_max_tokens",
        stop="sampling_param_stop",
        stream="streaming",
        perf="sampling_param_return_perf_metrics",
        reused="kv_cache_reused_block",
        shape=(1,),
    )

    def reply(self, request):
        return LlmapiReply(request, self.dialect)


class LlmapiReply(Reply):
    def __init__(self, request, dialect):
        super().__init__(request, dialect)
        self.says_why = flag(request, "return_finish_reason")

    def figures(self, request):
        reason = [self.strings("finish_reason", "stop")] if self.says_why else []
        return [*reason, *super().figures(request)]

    def performance(self, request):
        total, missed = request.blocks, request.blocks - request.reused_blocks
        rate = request.reused_blocks / total if total else 0.0
        more = [self.numbers("kv_cache_missed_block", missed), self.numbers("kv_cache_hit_rate", rate, np.float32)]
        return [*super().performance(request), *more]
