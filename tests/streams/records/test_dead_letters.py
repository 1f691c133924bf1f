"""Dead letters: what was refused can be read back whole."""

from dataclasses import replace
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.records.dead_letters import DeadLetter

NAMES = st.text(max_size=30).filter(lambda name: not name.startswith("penchant-"))
LETTERS = st.builds(
    DeadLetter,
    topic=st.text(min_size=1),
    partition=st.integers(0, 1_000),
    offset=st.integers(0),
    key=st.none() | st.binary(),
    value=st.binary(),
    reason=st.sampled_from(["json", "schema", "key"]),
    path=st.text(),
    detail=st.text(max_size=500),
    timestamp_ms=st.none() | st.integers(0),
    own_headers=st.lists(st.tuples(NAMES, st.none() | st.binary())).map(tuple),
)


@settings(deadline=None)
@given(LETTERS)
def test_a_letter_is_read_back_as_it_was_sent(letter: DeadLetter) -> None:
    """Key, value, headers, timestamp and place of the refused record, and why it was refused."""
    record = SimpleNamespace(key=letter.key, value=letter.value, headers=letter.headers(), offset=5, timestamp=9)
    assert DeadLetter.read(record) == letter


@settings(deadline=None)
@given(LETTERS, st.binary(max_size=5_000), st.integers(1_024, 8_192))
def test_a_shortened_letter_fits_and_knows_its_whole(letter: DeadLetter, value: bytes, most_bytes: int) -> None:
    """It keeps where it came from and why, the beginning of its value, and what that value was."""
    short = replace(letter, value=value, path=letter.path[:50], detail=letter.detail[:50]).shortened(most_bytes)
    assert _size(short) <= max(most_bytes, _size(replace(short, value=b"")))
    assert value.startswith(short.value or b"")
    assert short.is_of(value)
    assert not short.is_of(value + b"x")
    assert (short.topic, short.partition, short.offset, short.reason) == (*_place(letter), letter.reason)


def test_bytes_that_are_no_utf8_are_written_as_such() -> None:
    """Header names and fields of other software hold any bytes; a dead letter of them is still sent, and read back."""
    name, path = b"caf\xe9".decode(errors="surrogateescape"), "items.\udc80"
    letter = DeadLetter("t", 0, 1, None, b"", "json", path, "half \ud83d", own_headers=((name, b"\xff"),))
    headers = letter.headers()
    assert all(each.encode() for each, _ in headers)
    assert headers[0] == ("caf\\udce9", b"\xff")
    read = DeadLetter.read(SimpleNamespace(key=None, value=b"", headers=headers))
    assert read is not None
    assert (read.path, read.detail) == ("items.\\udc80", "half \\ud83d")


def test_a_record_of_somebody_else_is_no_letter() -> None:
    """Without our headers, or with ones that cannot be read."""
    for headers in ([], [("penchant-topic", b"t")], _headers(offset=b"x"), _headers(topic=b"\xff")):
        assert DeadLetter.read(SimpleNamespace(key=None, value=b"", headers=headers)) is None


def test_letters_of_before_have_no_timestamp() -> None:
    """They are read all the same."""
    headers = [header for header in _headers() if header[0] != "penchant-timestamp"]
    letter = DeadLetter.read(SimpleNamespace(key=None, value=b"", headers=headers))
    assert letter is not None
    assert letter.timestamp_ms is None


def _size(letter: DeadLetter) -> int:
    headers = sum(len(name.encode()) + len(value or b"") for name, value in letter.headers())
    return len(letter.key or b"") + len(letter.value or b"") + headers


def _place(letter: DeadLetter) -> tuple[str, int, int]:
    return letter.topic, letter.partition, letter.offset


def _headers(**changed: bytes) -> list[tuple[str, bytes | None]]:
    headers = dict(DeadLetter("t", 0, 1, None, b"", "json", timestamp_ms=7).headers())
    return list((headers | {f"penchant-{name}": value for name, value in changed.items()}).items())
