"""A Triton Python model that does what each prompt asks (tests/fakes/turns.py); runs inside tritonserver.

The prompt "tally" answers with the counts so far, "inputs" with the tensors that came with it.
"""

import json
import threading
import time
from types import MappingProxyType

import numpy as np
import triton_python_backend_utils as pb_utils

FIGURES = {"num_input_tokens": 100, "num_output_tokens": 7, "kv_cache_reused_blocks": 1}
TIMES = {
    "arrival_time_ns": 1_000_000,
    "first_scheduled_time_ns": 3_000_000,
    "first_token_time_ns": 33_000_000,
    "last_token_time_ns": 133_000_000,
}
NOTHING = MappingProxyType({})
FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL


class TritonPythonModel:
    """Keeps each call's response sender and answers from a thread, so that many run at once."""

    def initialize(self, args):
        self.blocks = "narrow" in args["model_name"]
        self.pending = []
        self.tally = {"opened": 0, "closed": 0, "cancelled": 0}
        self.lock = threading.Lock()
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.answer_all)
        self.thread.start()

    def execute(self, requests):
        for request in requests:
            prompt = text(request, "text_input")
            sender = request.get_response_sender()
            if prompt == "tally":
                sender.send(response(json.dumps(self.tally)), flags=FINAL)
            elif prompt == "inputs":
                sender.send(response(json.dumps(inputs(request))), flags=FINAL)
            else:
                self.begin(sender, json.loads(prompt))

    def begin(self, sender, turn):
        with self.lock:
            self.tally["opened"] += 1
            self.pending.append((sender, turn, time.monotonic() + turn["delay_s"]))
        if self.blocks:  # so that the next calls wait in Triton's queue
            time.sleep(turn["delay_s"])

    def answer_all(self):
        while not self.ending.wait(0.002):
            with self.lock:
                self.pending = [call for call in self.pending if not self.ended(*call)]

    def ended(self, sender, turn, due):
        cancelled = sender.is_cancelled()
        if not cancelled and time.monotonic() < due:
            return False
        self.tally["cancelled"] += cancelled
        self.tally["closed"] += 1
        play(sender, turn)
        return True

    def finalize(self):
        self.ending.set()
        self.thread.join()


def play(sender, turn):
    if turn["fault"] == "overload":
        sender.send(failure("Exceeds maximum queue size", pb_utils.TritonError.UNAVAILABLE), flags=FINAL)
    elif turn["fault"] == "failure":
        sender.send(failure("Executor failed process requestId 1", pb_utils.TritonError.INTERNAL), flags=FINAL)
    elif turn["fault"] == "cut":
        sender.send(flags=FINAL)
    else:
        for chunk in turn["chunks"][:-1]:
            sender.send(response(chunk))
        sender.send(response(turn["chunks"][-1], {**FIGURES, **TIMES}), flags=FINAL)


def failure(message, code):
    return pb_utils.InferenceResponse([], error=pb_utils.TritonError(message, code))


def response(chunk, figures=NOTHING):
    tensors = [pb_utils.Tensor("text_output", np.array([[chunk.encode()]], dtype=object))]
    for name, value in figures.items():
        kind = np.int64 if name in TIMES else np.int32
        tensors.append(pb_utils.Tensor(name, np.array([[value]], dtype=kind)))
    return pb_utils.InferenceResponse(tensors)


def text(request, name):
    return pb_utils.get_input_tensor_by_name(request, name).as_numpy()[0, 0].decode()


def inputs(request):
    values = {tensor.name(): tensor.as_numpy().tolist() for tensor in request.inputs()}
    return json.loads(json.dumps({**values, "timeout": request.timeout()}, default=bytes.decode))
