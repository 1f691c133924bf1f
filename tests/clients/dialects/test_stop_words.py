"""Stop words: sent where nothing else bounds an answer, and not where they would end it in its midst."""

import orjson
import pytest

from clients.calls import Call
from clients.dialects.requests import body
from clients.dialects.sent_fields import SentFields
from clients.dialects.servers import SERVERS, ServerName

WORDS = ("\n\n", " " * 16, "END")


@pytest.mark.parametrize(
    ("server", "schema", "sent"),
    [
        ("llamacpp", "{}", ["END"]),
        ("llamacpp", None, list(WORDS)),
        ("vllm", "{}", list(WORDS)),
    ],
)
def test_whitespace_ends_no_guided_answer_of_llama_cpp(server: ServerName, schema: str | None, sent: list[str]) -> None:
    """Its grammar lets an empty line stand behind a brace, and a small model writes it there."""
    kind = SERVERS[server]
    call = Call("call-1", "Answer:", 1.0, 50, stop=WORDS, json_schema=schema)
    assert orjson.loads(body(call, "tiny", "completions", kind, SentFields(kind.guide)))["stop"] == sent
