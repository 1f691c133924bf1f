"""The models of the embedded Triton: tensors in, tensors out. What happens between is serving.py and gpu.py.

Imported only by the models of the repository, inside tritonserver, where `triton_python_backend_utils` exists.
"""

import json
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

from sandbox.gpu import answers, fault_file
from sandbox.gpu.engine import engine
from sandbox.gpu.fault_file import FaultFile
from sandbox.gpu.faults import Faults
from sandbox.gpu.serving import Ask, Serving, Told
from sandbox.gpu.timing import Timing
from sandbox.servers import llama_serving
from sandbox.servers.llama_serving import LlamaServing
from streams.errors import ModelUnavailable

LABELS = {
    "request": "request_type",
    "kv_cache_block": "kv_cache_block_type",
    "inflight_batcher": "inflight_batcher_specific_metric",
}
"""By the middle of `nv_trt_llm_*_metrics`, as TensorRT-LLM's backend has them."""

FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL


@dataclass(frozen=True, slots=True)
class Dialect:
    """What TensorRT-LLM's two repositories call the same things. `shape` is that of one value on the wire."""

    max_tokens: str = "max_tokens"
    stop: str = "stop_words"
    stream: str = "stream"
    perf: str = "return_perf_metrics"
    reused: str = "kv_cache_reused_blocks"
    shape: tuple[int, ...] = (1, 1)


class SimulatedModel:
    """Keeps each request's response sender and answers when the simulated GPU is done with it."""

    dialect = Dialect()

    def initialize(self, args: Mapping[str, str]) -> None:
        config = json.loads(args["model_config"])
        timing = Timing().under(os.environ)
        answer = os.environ.get(answers.VARIABLE, answers.DEFAULT)
        self.name = args["model_name"]
        self.decoupled = config.get("model_transaction_policy", {}).get("decoupled", False)
        self.families = {  # a family ends with its last reference
            name: pb_utils.MetricFamily(
                name=f"nv_trt_llm_{name}_metrics", description="Of a simulated GPU", kind=pb_utils.MetricFamily.GAUGE
            )
            for name in LABELS
        }
        self.gauges: dict[tuple[str, str], Any] = {}
        self.fault_file = FaultFile(os.environ.get(fault_file.VARIABLE, ""), pb_utils.Logger.log_error)
        if file := os.environ.get(llama_serving.VARIABLE):
            self.serving: Serving | LlamaServing = LlamaServing(Path(file), self)
            pb_utils.Logger.log_info(f"answers are those of {file}")
        else:
            self.serving = Serving(engine(timing), answers.load(answer), self)
            pb_utils.Logger.log_warn(f"this is a SIMULATED GPU: answers from {answer}, {timing}")

    def execute(self, requests: Sequence[Any]) -> None:
        """Return nothing: the answers follow."""
        for request in requests:
            reply = self.reply(request)
            try:
                self.serving.take(self.ask_of(request), reply)
            except ModelUnavailable as exc:
                reply.refuse(exc, pb_utils.TritonError.UNAVAILABLE)
            except ValueError as exc:
                reply.refuse(exc, pb_utils.TritonError.INVALID_ARG)

    def finalize(self) -> None:
        self.serving.close()

    def report(self, figures: Mapping[str, Mapping[str, float]]) -> None:
        """Set the gauges."""
        for family, kinds in figures.items():
            for kind, figure in kinds.items():
                if (family, kind) not in self.gauges:
                    labels = {"model": self.name, "version": "1", LABELS[family]: kind}
                    self.gauges[family, kind] = self.families[family].Metric(labels=labels)
                self.gauges[family, kind].set(figure)

    def faults(self) -> Faults:
        """Those of the file."""
        return self.fault_file.current()

    def die(self) -> None:
        """Kill the server, whose child this is."""
        os.kill(os.getppid(), signal.SIGKILL)

    def reply(self, request: Any) -> "Reply":
        """Where the answer goes."""
        return Reply(request, self.dialect)

    def ask_of(self, request: Any) -> Ask:
        """What a request asks for; ValueError when it is not one prompt, or a stream where there can be none."""
        if pb_utils.get_input_tensor_by_name(request, "text_input").as_numpy().size != 1:
            raise ValueError("the simulated GPU takes one prompt a request")
        stream = flag(request, self.dialect.stream)
        if stream and not self.decoupled:
            raise ValueError("Streaming is only supported in decoupled mode.")
        stop_words = pb_utils.get_input_tensor_by_name(request, self.dialect.stop)
        return Ask(
            prompt=text(request, "text_input"),
            max_tokens=int(pb_utils.get_input_tensor_by_name(request, self.dialect.max_tokens).as_numpy().flat[0]),
            stop_words=[word.decode() for word in stop_words.as_numpy().flat] if stop_words else [],
            stream=stream,
            temperature=float(first(request, "temperature", 0.0)),
            seed=int(first(request, "seed", 0)),
            guide=(text(request, "guided_decoding_guide_type"), text(request, "guided_decoding_guide")),
        )


class Reply:
    """One request's answer, by its response sender."""

    def __init__(self, request: Any, dialect: Dialect) -> None:
        self.sender = request.get_response_sender()
        self.dialect = dialect
        self.perf = flag(request, dialect.perf)

    def send(self, piece: str, request: Told, *, final: bool) -> None:
        """A piece of the answer; with the last one the figures."""
        tensors = [*self.texts(piece), *(self.figures(request) if final else [])]
        self.sender.send(pb_utils.InferenceResponse(tensors), flags=FINAL if final else 0)

    def texts(self, piece: str) -> list[Any]:
        """What comes with every piece."""
        return [self.strings("text_output", piece)]

    def figures(self, request: Told) -> list[Any]:
        """What comes with the last one."""
        return self.performance(request) if self.perf else []

    def cancelled(self) -> bool:
        return bool(self.sender.is_cancelled())

    def release(self) -> None:
        pb_utils.Logger.log_info("a request was cancelled")
        self.refuse("cancelled", pb_utils.TritonError.CANCELLED)

    def fail(self, why: str) -> None:
        self.refuse(why, pb_utils.TritonError.INVALID_ARG)

    def refuse(self, why: object, code: Any) -> None:
        """End with an error."""
        self.sender.send(pb_utils.InferenceResponse(error=pb_utils.TritonError(str(why), code)), flags=FINAL)

    def performance(self, request: Told) -> list[Any]:
        """What perf metrics are; times on the machine's monotonic clock."""
        times = {
            "arrival": request.arrived_ms,
            "first_scheduled": request.scheduled_ms,
            "first_token": request.first_token_ms,
            "last_token": request.last_token_ms,
        }
        counts = {
            "kv_cache_alloc_new_blocks": request.blocks - request.reused_blocks,
            self.dialect.reused: request.reused_blocks,
            "kv_cache_alloc_total_blocks": request.blocks,
            "total_accepted_draft_tokens": 0,
            "total_draft_tokens": 0,
        }
        return [
            *(self.numbers(f"{name}_time_ns", round(ms * 1e6), np.int64) for name, ms in times.items()),
            *(self.numbers(name, count) for name, count in counts.items()),
            self.numbers("acceptance_rate", 0.0, np.float32),
        ]

    def strings(self, name: str, value: str) -> Any:
        return pb_utils.Tensor(name, np.full(self.dialect.shape, value.encode(), dtype=np.object_))

    def numbers(self, name: str, value: float, kind: type = np.int32) -> Any:
        return pb_utils.Tensor(name, np.full(self.dialect.shape, value, dtype=kind))


def text(request: Any, name: str) -> str:
    """The first element of an input of text."""
    return str(first(request, name, b"").decode())


def flag(request: Any, name: str, *, default: bool = False) -> bool:
    """The first element of an input of a flag."""
    return bool(first(request, name, default))


def first(request: Any, name: str, default: Any) -> Any:
    """The first element of an input that may be missing, or empty."""
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return default if tensor is None or not tensor.as_numpy().size else tensor.as_numpy().flat[0]
