"""Dead letters: what was refused can be read back whole."""

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


def _headers(**changed: bytes) -> list[tuple[str, bytes | None]]:
    headers = dict(DeadLetter("t", 0, 1, None, b"", "json", timestamp_ms=7).headers())
    return list((headers | {f"penchant-{name}": value for name, value in changed.items()}).items())
