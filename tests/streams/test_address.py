"""Addresses: a password in one is never taken for another part of it, and never shown."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.address import checked, shown
from tests.secret_texts import pieces, secrets

SCHEMES = st.sampled_from(["redis", "rediss", "http", "https"])


@given(SCHEMES, secrets())
def test_a_password_that_is_encoded_is_read_and_hidden(scheme: str, secret: str) -> None:
    """Whatever characters it has; host, port and path are shown."""
    url = f"{scheme}://me:{quote(secret, safe='')}@host:6379/0"
    assert checked(url) == url
    assert shown(url) == f"{scheme}://(hidden)@host:6379/0"


@given(SCHEMES, secrets(), st.sampled_from(["{}://:{}@host:1/0", "{}://{}@host", "{}://host/0?password={}"]))
def test_what_may_be_read_in_two_ways_is_refused_without_a_word_of_it(scheme: str, secret: str, form: str) -> None:
    """A password that is not encoded shows in neither the error nor the text."""
    url = form.format(scheme, secret)
    assert not pieces(secret, shown(url) + _refusal(url))


def _refusal(url: str) -> str:
    try:
        checked(url)
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "text",
    [
        "localhost:8001", "redis://localhost:6379/0", "unix:///tmp/redis.sock", "http://[::1]:8000/v1", "[::1]:8001",
        "a word",
    ],
)  # fmt: skip
def test_what_holds_no_password_is_shown_as_it_is(text: str) -> None:
    """Also what is no URL at all."""
    assert shown(text) == text


@pytest.mark.parametrize("url", ["redis://:s3cr3t#tail@host:6379/0", "redis://:12/34@host", "redis://:a@b@host"])
def test_the_remedy_names_the_characters(url: str) -> None:
    """A password with # ends a URL, one with / its host, and one with @ is cut at the wrong one."""
    with pytest.raises(ValueError, match=r"# as %23.* @ as %40"):
        checked(url)
