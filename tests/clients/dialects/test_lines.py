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
    payloads = [p for a, b in pairwise(bounds) for p in lines.feed(STREAM[a:b])] + lines.end()
    assert payloads == PAYLOADS


ENDS = st.sampled_from([b"\n", b"\r", b"\r\n"])


@given(ENDS, st.booleans(), st.lists(st.integers(0, 200), max_size=10))
def test_line_ends_and_events_of_several_lines(end: bytes, marked: bool, cuts: list[int]) -> None:  # noqa: FBT001 # drawn
    """Lines end as the standard allows, an event may have several, and the last one needs no empty line."""
    lines = [b": keep-alive", b"data:", b"", b'data: {"a":', b"data: 1}", b"", b"id: 1", b"data:{}", b"data: [DONE]"]
    stream = (b"\xef\xbb\xbf" if marked else b"") + end.join(lines)
    cutter, bounds = Lines(), [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    payloads = [p for a, b in pairwise(bounds) for p in cutter.feed(stream[a:b])] + cutter.end()
    assert payloads == [b'{"a":\n1}', b"{}", b"[DONE]"]


@given(ENDS)
def test_an_event_is_there_with_its_empty_line(end: bytes) -> None:
    """Nothing waits for the next chunk."""
    assert Lines().feed(b"data: {}" + end + end) == [b"{}"]


@given(
    st.lists(st.sampled_from([b"data: {}", b"data:1", b"data:", b": ping", b"", b"x", b'data: "a'])), st.integers(0, 80)
)
def test_events_of_a_line_as_any_others(lines: list[bytes], cut: int) -> None:
    """Events of one line each are cut as they are with carriage returns, which are read line by line."""
    told = []
    for end in (b"\n", b"\r\n"):
        cutter, stream = Lines(), end.join(lines)
        first, rest = (part.replace(b"\n", end) for part in (b"\n".join(lines)[:cut], b"\n".join(lines)[cut:]))
        assert first + rest == stream
        told.append(cutter.feed(first) + cutter.feed(rest) + cutter.end())
    assert told[0] == told[1]
