"""A Triton Python model that does what each prompt asks (tests/fakes/scripted_calls.py); runs inside tritonserver.

The prompt "tally" answers with the counts so far, "inputs" with the tensors that came with it. The model `tensorrt_llm`
behaves as that of the `llmapi` repository: one response a call, no tokens counted, and its figures packed as texts, as
TensorRT-LLM's triton_backend/all_models/llmapi/tensorrt_llm/1/model.py does, whatever the configuration says.
"""

import json
import threading
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import triton_python_backend_utils as pb_utils

FIGURES = {"num_input_tokens": 100, "num_output_tokens": 7, "kv_cache_reused_blocks": 1}
TIMES = {
    "arrival_time_ns": 1_000_000,
    "first_scheduled_time_ns": 3_000_000,
    "first_token_time_ns": 33_000_000,
    "last_token_time_ns": 133_000_000,
}
REFUSED_GUIDES = {"no guide": ("json_schema", "json"), "no schema": ("json_schema",)}
NO_GUIDE = (
    "Executor failed process requestId 1 due to the following error: Request is specified with GuidedDecodingParams, "
    "but GuidedDecoder is not setup."
)
NOTHING: Mapping[str, int] = MappingProxyType({})
Sender: TypeAlias = Any  # pb_utils.InferenceResponseSender, which ships no types
Turn: TypeAlias = dict[str, Any]
FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL


class TritonPythonModel:
    """Keeps each call's response sender and answers from a thread, so that many run at once."""

    def initialize(self, args: dict[str, str]) -> None:
        self.blocks = "narrow" in args["model_name"]
        self.llmapi = args["model_name"] == "tensorrt_llm"
        self.pending: list[tuple[Sender, Turn, float, bool]] = []
        self.checked = 0
        self.tally = {"opened": 0, "closed": 0, "cancelled": 0}
        self.lock = threading.Lock()
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.answer_all)
        self.thread.start()

    def execute(self, requests: list[Any]) -> None:
        for request in requests:
            prompt = text(request, "text_input")
            sender = request.get_response_sender()
            if prompt == "tally":
                sender.send(response(json.dumps(self.tally)), flags=FINAL)
            elif prompt == "inputs":
                sender.send(response(json.dumps(inputs(request))), flags=FINAL)
            else:
                self.begin(sender, guided(json.loads(prompt), request), streams=flag(request, "stream"))

    def begin(self, sender: Sender, turn: Turn, *, streams: bool) -> None:
        with self.lock:
            self.tally["opened"] += 1
            self.pending.append((sender, turn, time.monotonic() + turn["delay_s"], streams))
        if self.blocks:  # so that the next calls wait in Triton's queue
            time.sleep(turn["delay_s"])

    def answer_all(self) -> None:
        while not self.ending.wait(0.002):
            self.checked += 1
            with self.lock:
                self.pending = [call for call in self.pending if not self.ended(*call)]

    def ended(self, sender: Sender, turn: Turn, due: float, streams: bool) -> bool:  # noqa: FBT001
        cancelled = sender.is_cancelled()
        if not cancelled and time.monotonic() < due:
            if streams and self.checked % 10 == 0:  # Triton's HTTP notices that a client has gone only when it writes
                sender.send(response(""))
            return False
        self.tally["cancelled"] += cancelled
        self.tally["closed"] += 1
        play(sender, whole(turn) if self.llmapi else turn)
        return True

    def finalize(self) -> None:
        self.ending.set()
        self.thread.join()


def play(sender: Sender, turn: Turn) -> None:
    if turn["fault"] == "overload":
        sender.send(failure("Exceeds maximum queue size", pb_utils.TritonError.UNAVAILABLE), flags=FINAL)
    elif turn["fault"] == "failure":
        sender.send(failure("Executor failed process requestId 1", pb_utils.TritonError.INTERNAL), flags=FINAL)
    elif turn["fault"] == "unguided":
        sender.send(failure(NO_GUIDE, pb_utils.TritonError.INTERNAL), flags=FINAL)
    elif turn["fault"] == "cut":
        sender.send(flags=FINAL)
    elif "finish" in turn:
        sender.send(llmapi_response(turn["chunks"][0], turn["finish"]), flags=FINAL)
    else:
        for chunk in turn["chunks"][:-1]:
            sender.send(response(chunk))
        sender.send(response(turn["chunks"][-1], {**FIGURES, **TIMES}), flags=FINAL)


def guided(turn: Turn, request: Any) -> Turn:
    """What an engine without a guided decoder makes of it: a refusal of its guide, else the inputs."""
    if turn["fault"] not in REFUSED_GUIDES:
        return turn
    kind = pb_utils.get_input_tensor_by_name(request, "guided_decoding_guide_type")
    refused = kind is not None and kind.as_numpy().flat[0].decode() in REFUSED_GUIDES[turn["fault"]]
    return {**turn, "fault": "unguided" if refused else "", "chunks": [json.dumps(inputs(request))]}


def whole(turn: Turn) -> Turn:
    finish = turn["fault"] if turn["fault"] in ("cancelled", "timeout", "length") else "stop"
    return {**turn, "chunks": ["".join(turn["chunks"])], "finish": finish}


def failure(message: str, code: int) -> Any:
    return pb_utils.InferenceResponse([], error=pb_utils.TritonError(message, code))


def response(chunk: str, figures: Mapping[str, int] = NOTHING) -> Any:
    tensors = [pb_utils.Tensor("text_output", np.array([[chunk.encode()]], dtype=object))]
    for name, value in figures.items():
        kind = np.int64 if name in TIMES else np.int32
        tensors.append(pb_utils.Tensor(name, np.array([[value]], dtype=kind)))
    return pb_utils.InferenceResponse(tensors)


def llmapi_response(text: str, finish: str) -> Any:
    figures = {"kv_cache_reused_block": 1, "kv_cache_missed_block": 2, "kv_cache_hit_rate": 0.33, **TIMES}
    texts = {"text_output": text.encode(), "finish_reason": finish, **figures}
    return pb_utils.InferenceResponse(
        [pb_utils.Tensor(name, np.array([value], dtype=object)) for name, value in texts.items()]
    )


def text(request: Any, name: str) -> str:
    return str(pb_utils.get_input_tensor_by_name(request, name).as_numpy().flat[0].decode())


def flag(request: Any, name: str) -> bool:
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return tensor is not None and bool(tensor.as_numpy().flat[0])


def inputs(request: Any) -> dict[str, Any]:
    values = {tensor.name(): tensor.as_numpy().tolist() for tensor in request.inputs()}
    read: dict[str, Any] = json.loads(json.dumps({**values, "timeout": request.timeout()}, default=bytes.decode))
    return read
