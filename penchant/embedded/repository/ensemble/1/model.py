"""TensorRT-LLM's `ensemble` before a simulated GPU. Glue: tensors in, tensors out; what happens is in penchant.embedded."""

import json
import os
import sys

import numpy as np
import triton_python_backend_utils as pb_utils

sys.path += [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]  # which the stub ignores

from penchant.embedded import answers
from penchant.embedded.gpu import Gpu, Timing
from penchant.embedded.serving import Ask, Serving
from streams.errors import ModelUnavailable

REQUESTS = "nv_trt_llm_request_metrics"
FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL


class TritonPythonModel:
    """Keeps each request's response sender and answers when the simulated GPU is done with it."""

    def initialize(self, args):
        parameters = {key: value["string_value"] for key, value in json.loads(args["model_config"])["parameters"].items()}
        timing = Timing.read(parameters, os.environ)
        answer = os.environ.get(answers.VARIABLE, answers.DEFAULT)
        self.family = pb_utils.MetricFamily(  # the family ends with its last reference
            name=REQUESTS, description="Requests on the simulated GPU", kind=pb_utils.MetricFamily.GAUGE
        )
        self.gauges = {}
        self.serving = Serving(Gpu(timing), answers.load(answer), self.report)
        pb_utils.Logger.log_warn(f"this is a SIMULATED GPU: answers from {answer}, {timing}")

    def execute(self, requests):
        for request in requests:
            reply = Reply(request)
            try:
                self.serving.take(ask_of(request), reply)
            except ModelUnavailable as exc:
                reply.refuse(exc, pb_utils.TritonError.UNAVAILABLE)
            except ValueError as exc:
                reply.refuse(exc, pb_utils.TritonError.INVALID_ARG)
        # None, by the decoupled contract: the answers follow

    def finalize(self):
        self.serving.close()

    def report(self, counts):
        for kind, count in counts.items():
            if kind not in self.gauges:
                labels = {"model": "ensemble", "version": "1", "request_type": kind}
                self.gauges[kind] = self.family.Metric(labels=labels)
            self.gauges[kind].set(count)


class Reply:
    """One request's answer, by its response sender."""

    def __init__(self, request):
        self.sender = request.get_response_sender()
        wanted = {name: flag(request, name) for name in ("return_perf_metrics", "return_num_input_tokens", "return_num_output_tokens")}
        self.perf, self.count_in, self.count_out = wanted.values()
        self.echo = text(request, "text_input") if flag(request, "exclude_input_in_output", default=True) is False else ""

    def send(self, piece, request, *, final):
        tensors = [strings("text_output", self.echo + piece), numbers("sequence_index", 0), numbers("batch_index", 0)]
        self.echo = ""
        tensors += self.figures(request) if final else []
        self.sender.send(pb_utils.InferenceResponse(tensors), flags=FINAL if final else 0)

    def figures(self, request):
        tensors = []
        if self.count_in:
            tensors.append(numbers("num_input_tokens", request.input_tokens))
        if self.count_out:
            tensors.append(numbers("num_output_tokens", request.output_tokens))
        return tensors + (performance(request) if self.perf else [])

    def cancelled(self):
        return self.sender.is_cancelled()

    def release(self):
        pb_utils.Logger.log_info("a request was cancelled")
        self.refuse("cancelled", pb_utils.TritonError.CANCELLED)

    def refuse(self, why, code):
        self.sender.send(pb_utils.InferenceResponse(error=pb_utils.TritonError(str(why), code)), flags=FINAL)


def ask_of(request):
    """ValueError when it is not one prompt."""
    if pb_utils.get_input_tensor_by_name(request, "text_input").as_numpy().size != 1:
        raise ValueError("the simulated GPU takes one prompt a request")
    stop_words = pb_utils.get_input_tensor_by_name(request, "stop_words")
    return Ask(
        prompt=text(request, "text_input"),
        max_tokens=int(pb_utils.get_input_tensor_by_name(request, "max_tokens").as_numpy().flat[0]),
        stop_words=[word.decode() for word in stop_words.as_numpy().flat] if stop_words else [],
        stream=flag(request, "stream"),
    )


def performance(request):
    """What `return_perf_metrics` asks for; times on the machine's monotonic clock."""
    times = {
        "arrival": request.arrived_ms,
        "first_scheduled": request.scheduled_ms,
        "first_token": request.first_token_ms,
        "last_token": request.last_token_ms,
    }
    blocks = {
        "kv_cache_alloc_new_blocks": len(request.blocks) - request.reused_blocks,
        "kv_cache_reused_blocks": request.reused_blocks,
        "kv_cache_alloc_total_blocks": len(request.blocks),
        "total_accepted_draft_tokens": 0,
        "total_draft_tokens": 0,
    }
    return [
        *(numbers(f"{name}_time_ns", round(ms * 1e6), np.int64) for name, ms in times.items()),
        *(numbers(name, count) for name, count in blocks.items()),
        numbers("acceptance_rate", 0.0, np.float32),
    ]


def text(request, name):
    return pb_utils.get_input_tensor_by_name(request, name).as_numpy().flat[0].decode()


def flag(request, name, *, default=False):
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return default if tensor is None else bool(tensor.as_numpy().flat[0])


def strings(name, value):
    return pb_utils.Tensor(name, np.array([[value.encode()]], dtype=np.object_))


def numbers(name, value, kind=np.int32):
    return pb_utils.Tensor(name, np.array([[value]], dtype=kind))
