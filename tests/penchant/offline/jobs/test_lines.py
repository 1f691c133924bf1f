"""Lines of a batch file, read and written."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tritonclient.grpc import service_pb2

from clients.calls import Completion
from clients.dialects.ensemble import ENSEMBLE
from clients.dialects.tensors import offered
from clients.dialects.tensors import request as to_bytes
from penchant.offline.jobs.lines import LineWrong, answered, needs_passing_on, request

CHAT = {"model": "any", "messages": [{"role": "user", "content": "Which blue?"}], "max_tokens": 7, "temperature": 0}


def line(**changed: Any) -> bytes:
    """A line that is right but for what is changed."""
    said = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": CHAT}
    return json.dumps(said | changed).encode()


def test_a_request_goes_as_it_is() -> None:
    """Its call has all fields, and a prompt for servers that take nothing else."""
    asked = request(line())
    call = asked.call()
    assert (call.request, call.prompt, call.max_tokens, call.temperature) == (CHAT, "Which blue?", 7, 0.0)
    assert call.traffic_class == "batch"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"custom_id": ""}, "custom_id"),
        ({"custom_id": 5}, "custom_id"),
        ({"method": "GET"}, "method"),
        ({"url": "/v1/embeddings"}, "url"),
        ({"body": []}, "body"),
        ({"body": {"messages": "hello"}}, "body.messages"),
        ({"body": {"messages": []}}, "body.messages"),
        ({"url": "/v1/completions", "body": {"prompt": 5}}, "body.prompt"),
    ],
)
def test_a_wrong_line_is_told_by_its_field(changed: dict[str, Any], field: str) -> None:
    """With what is wanted there."""
    with pytest.raises(LineWrong, match=rf"^{field}: "):
        request(line(**changed))


NO_OBJECT = st.recursive(st.none() | st.text(), st.lists).map(lambda value: json.dumps(value).encode())


@given(st.binary(max_size=60) | NO_OBJECT)
def test_whatever_a_line_holds_it_is_a_request_or_told_of(raw: bytes) -> None:
    """Nothing else is raised."""
    with pytest.raises(LineWrong):
        request(raw)


def test_a_line_that_is_nested_too_deep_is_told_of() -> None:
    """It is read, but could be passed on by nobody."""
    deep = json.dumps(json.loads("[" * 400 + "]" * 400))
    with pytest.raises(LineWrong, match="nested too deep"):
        request(line().replace(b'"model": "any"', b'"stop": ' + deep.encode()))


@pytest.mark.parametrize("more", [{"seed": -1}, {"seed": 1e300}, {"max_tokens": 2**40}, {"temperature": -1e300}])
def test_no_number_is_too_large_for_a_tensor(more: dict[str, Any]) -> None:
    """Whoever runs jobs would end with it, and the next one too."""
    call = request(line(body=CHAT | more)).call()
    sent = ENSEMBLE.values(call, None)
    described = service_pb2.ModelMetadataResponse.TensorMetadata
    inputs = offered(
        ENSEMBLE,
        [described(name=n, datatype=kind, shape=shape) for n, kind, shape in (*ENSEMBLE.required, *ENSEMBLE.optional)],
    )
    assert to_bytes(call, "ensemble", inputs, sent, 0)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(SCALARS, st.lists, max_leaves=5)


@given(st.dictionaries(st.sampled_from(["max_tokens", "temperature", "seed", "stop", "n", "tools"]), JSON), JSON)
def test_no_field_of_a_body_breaks_the_call(more: dict[str, Any], content: Any) -> None:
    """The server judges them."""
    try:
        asked = request(line(body=CHAT | {"messages": [{"role": "user", "content": content}, 5]} | more))
    except LineWrong as wrong:
        assert "no JSON" in str(wrong)  # noqa: PT017 # integers beyond 64 bits
        return
    assert asked.call().max_tokens > 0
    assert needs_passing_on(asked)


def test_an_answer_stands_as_its_server_gave_it() -> None:
    """Of one that told no more, it is put together."""
    asked = request(line())
    whole = Completion("blue", "m", "here", body=b'{"choices": [], "extra": 1}')
    assert answered(asked, whole)["body"] == {"choices": [], "extra": 1}
    body = answered(asked, Completion("blue", "m", "here", 3, 1))["body"]
    assert body["choices"][0]["message"] == {"role": "assistant", "content": "blue"}
    assert body["usage"] == {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}
    assert not needs_passing_on(asked)
