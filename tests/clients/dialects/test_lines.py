"""Cutting streams into events."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from clients.dialects.lines import Lines

PAYLOADS = [b'{"a":"\xe2\x80\xa8"}', b"{}", b"[DONE]"]
STREAM = b"".join(b"event: x\r\ndata: " + payload + b"\r\n: comment\n\ndata:\n\ndata: \r\n\n" for payload in PAYLOADS)


@given(st.lists(st.integers(0, len(STREAM)), max_size=10))
def test_lines_however_cut(cuts: list[int]) -> None:
    """However the network cuts a stream, the same payloads come out; empty ones, which keep it alive, do not."""
    bounds = [0, *sorted(cuts), len(STREAM)]
    lines = Lines()
    payloads = [p for a, b in pairwise(bounds) for p in lines.feed(STREAM[a:b])]
    assert payloads == PAYLOADS
