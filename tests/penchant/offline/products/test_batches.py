"""A job by a batch service: what is asked, what of the answers is kept, and that the next run asks nobody."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.products.understanding import Answered
from clients.calls import Call
from penchant.offline.products.batch import LineRefused, answer, request
from penchant.offline.products.batches import take_answers, write_requests
from penchant.settings.root import Settings
from sandbox.servers.openai import OpenAIServer
from streams.errors import SettingInvalid
from tests.penchant.commands import run

ROWS = [
    "id,title,description,category,brand,price", "a,Kettle,Blue and quiet.,home,Tarn,9", "b,Kettle,Blue and quiet.,,,",
    "c,Shoes,Red. A gift.,,,", ",x,,,,",
]  # fmt: skip


def catalogue(folder: Path) -> Path:
    """Three products, of which two have the same text, and a row that is none."""
    path = folder / "catalogue.csv"
    path.write_text("\n".join(ROWS), encoding="utf-8")
    return path


def line(**response: Any) -> bytes:
    """A line of an output file."""
    told = {"id": "batch_1", "custom_id": "key", "response": {"status_code": 200, "request_id": "r"} | response}
    return json.dumps(told | {"error": None}).encode()


def said(content: object, **more: Any) -> dict[str, Any]:
    """The body of an answer."""
    return {"choices": [{"index": 0, "message": {"role": "assistant", "content": content}}], **more}


@pytest.mark.slow
async def test_a_job_goes_by_a_batch(tmp_path: Path) -> None:
    """Each text once, sampled as a run would; with the answers a run makes no call, and a line that failed is asked
    again."""
    catalogue(tmp_path)
    named = {"MODEL__NAME": "simulated"}
    told = await run(tmp_path, named, "products", "requests", "--in", "catalogue.csv", "--out", "out", "--json")
    assert told.status == 0, told.err
    assert (told.report["requests"], told.report["rejected"]) == (2, 1)
    asked = [json.loads(each) for each in (tmp_path / "out" / "requests-00001.jsonl").read_bytes().splitlines()]
    assert {(each["method"], each["url"], each["body"]["model"]) for each in asked} == {
        ("POST", "/v1/chat/completions", "simulated")
    }
    async with OpenAIServer(tmp_path) as server, httpx.AsyncClient() as client:
        output = [await served(client, server.url, each) for each in asked]
    failed = {"id": "r", "custom_id": asked[1]["custom_id"], "response": None, "error": {"code": "expired"}}
    output[1] = json.dumps(failed).encode()
    (tmp_path / "output.jsonl").write_bytes(b"\n".join(output))
    taken = await run(tmp_path, {}, "products", "answers", "output.jsonl", "--out", "out", "--json")
    assert taken.report == {"answers": 1, "refused": 1, "reasons": [f"{asked[1]['custom_id']}: expired"]}
    left = await run(tmp_path, named, "products", "requests", "--in", "catalogue.csv", "--out", "out", "--json")
    assert left.report["requests"] == 1
    (tmp_path / "catalogue.csv").write_text("\n".join(ROWS[:3]), encoding="utf-8")
    ended = await run(
        tmp_path, named | {"MODEL__URL": "http://127.0.0.1:9/v1"},
        "products", "run", "--in", "catalogue.csv", "--out", "out", "--json",
    )  # fmt: skip
    assert ended.status == 0, ended.err
    assert (ended.report["products"], ended.report["calls"], ended.report["kept"]) == (2, 0, 2)


async def served(client: httpx.AsyncClient, url: str, asked: dict[str, Any]) -> bytes:
    """What a batch service makes of a request."""
    answered = await client.post(f"{url}/chat/completions", json=asked["body"])
    response = {"status_code": answered.status_code, "request_id": "r", "body": answered.json()}
    return json.dumps({"id": "b", "custom_id": asked["custom_id"], "response": response, "error": None}).encode()


async def test_files_are_as_large_as_a_service_takes(tmp_path: Path) -> None:
    """And those of an earlier time are gone."""
    path = catalogue(tmp_path)
    settings = Settings.model_validate({"model": {"name": "large"}})
    written = await write_requests(settings, path, None, tmp_path / "out", most=1)
    assert [Path(each).name for each in written.files] == ["requests-00001.jsonl", "requests-00002.jsonl"]
    path.write_text("\n".join(ROWS[:2]), encoding="utf-8")
    await write_requests(settings, path, None, tmp_path / "out")
    assert [each.name for each in sorted((tmp_path / "out").glob("requests-*"))] == ["requests-00001.jsonl"]


async def test_what_is_missing_is_named(tmp_path: Path) -> None:
    """A model, and a file."""
    with pytest.raises(SettingInvalid, match="no model is named"):
        await write_requests(Settings(), catalogue(tmp_path), None, tmp_path / "out")
    with pytest.raises(SettingInvalid, match="cannot be read"):
        await take_answers([tmp_path / "nothing.jsonl"], tmp_path / "out")


def test_a_request_is_no_stream() -> None:
    """Batch services refuse one; all else is as in a call."""
    call = Call("c", "What is it?", 0.0, 400, temperature=0.5, seed=3, stop=("\n",), json_schema='{"type": "object"}')
    told = json.loads(request("key", call, "large"))
    assert told["custom_id"] == "key"
    body = told["body"]
    assert body.pop("response_format")["type"] == "json_schema"
    assert body == {
        "model": "large", "messages": [{"role": "user", "content": "What is it?"}], "max_tokens": 400,
        "temperature": 0.5, "seed": 3, "stop": ["\n"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (line(body=said("{}", usage={"prompt_tokens": 7, "completion_tokens": 2})), Answered("{}", 7, 2)),
        (line(body=said("{}")), Answered("{}")),
        (line(body=said("{}", usage={"prompt_tokens": "many"})), Answered("{}")),
    ],
)
def test_an_answer_is_read_with_its_tokens(told: bytes, found: Answered) -> None:
    """As far as the service tells them."""
    assert answer(told) == ("key", found)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (line(status_code=429, body={"error": {"message": "too many"}}), "key: too many"),
        (line(status_code=500, body={}), "key: HTTP 500"),
        (line(status_code=500, body="oops"), "no line of a batch"),
        (line(body=said(None)), "key: there is no text"),
        (line(body={"choices": []}), "no line of a batch"),
        (b'{"custom_id": "key", "error": {"message": "expired"}}', "key: expired"),
        (b'{"custom_id": 5, "response": {"status_code": 200, "body": {"choices": [{"message": {"content": "x"}}]}}}',
         "5: there is no text"),
        (b"{", "no line of a batch"),
        (b"[]", "no line of a batch"),
        (b"5", "no line of a batch"),
    ],
)  # fmt: skip
def test_a_line_without_an_answer_says_why(told: bytes, why: str) -> None:
    """It is not kept."""
    with pytest.raises(LineRefused, match=why):
        answer(told)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 999), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["custom_id", "response", "status_code", "body", "choices", "message", "error", "usage"]),
            inner, max_size=4,
        ),
    ),
)  # fmt: skip


@given(json_values)
def test_no_line_is_a_fault_of_ours(told: Any) -> None:
    """Whatever it holds."""
    with suppress(LineRefused):
        assert isinstance(answer(json.dumps(told).encode())[1], Answered)
