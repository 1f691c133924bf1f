"""Requests as they go over the wire."""

import pytest

from clients.dialects.wire import ALWAYS_SENT, request


def test_request() -> None:
    """Its path and query are the URL's; its length is that of the body in bytes."""
    sent = request(
        "POST", "http://host:1/v1/x?a=%C3%A9", f"Host: host:1\r\n{ALWAYS_SENT}", {"x-key": "é"}, "é".encode()
    )
    head, _, body = sent.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    assert first == "POST /v1/x?a=%C3%A9 HTTP/1.1"
    assert {"Host: host:1", "Content-Length: 2", "x-key: é"} <= set(lines)
    assert body == "é".encode()


@pytest.mark.parametrize("text", ["a\r\nX: b", "a\nb", "a\0b", "a\x7f"])
def test_no_text_adds_headers(text: str) -> None:
    """A line's end in a name or a value would begin another header."""
    for headers in ({"x": text}, {text: "x"}):
        with pytest.raises(ValueError, match="none may have"):
            request("GET", "http://host/", "", headers, b"")
