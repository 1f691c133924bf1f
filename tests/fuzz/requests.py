"""Requests: whatever one could send to a front, near to what it expects or far from it."""

import json

from hypothesis import strategies as st

METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH")
PATHS = ("/", "/v1/match", "/v1/intent", "/healthz", "/metrics", "/shopper", "/fleet", "/control", "/activity",
         "/points", "/settings", "/static/style.css", "/static/../app.py", "/sign-in")  # fmt: skip
HEADERS = ("host", "origin", "authorization", "cookie", "content-type", "x-forwarded-for", "last-event-id",
           "x-csrf-token", "sec-fetch-site", "accept", "range")  # fmt: skip
BODIES = (
    {"shopper": "ada", "candidates": ["sku-1", "sku-2"], "reasons": "de", "deadline_ms": 50.0},
    {"shopper": "ada", "events": [{"event_id": "e", "shopper_id": "ada", "action": "view", "time_ms": 1}]},
)

words = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30)
paths = st.sampled_from(PATHS) | words.map(lambda text: f"/{text}")
headers = st.dictionaries(st.sampled_from(HEADERS), words, max_size=4)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
)
raw = st.binary(max_size=200) | st.tuples(st.sampled_from(METHODS), paths, st.binary(max_size=200)).map(
    lambda drawn: f"{drawn[0]} {drawn[1]} HTTP/1.1\r\n".encode() + drawn[2] + b"\r\n\r\n"
)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """What a ranker sends with one of its fields changed, any JSON, or any bytes."""
    known: dict[str, object] = dict(draw(st.sampled_from(BODIES)))
    known[draw(st.sampled_from(sorted(known)) | st.text(max_size=12))] = draw(anything)
    return draw((st.just(known) | anything).map(lambda value: json.dumps(value).encode()) | st.binary(max_size=200))
