"""The deadline holds on each kind of connection that a URL may ask for."""

import pytest
from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection, parse_url

from penchant_reader.deadline import bounded_pool


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("redis://localhost:6379/0", Connection),
        ("rediss://localhost:6379/0", SSLConnection),
        ("unix:///run/redis.sock", UnixDomainSocketConnection),
    ],
)
def test_each_kind_of_connection_connects_as_it_does(url: str, kind: type) -> None:
    """TLS stays TLS: only the waiting is changed."""
    options = parse_url(url)  # type: ignore[no-untyped-call] # redis-py
    connection = bounded_pool(options, 0.02).make_connection()
    assert isinstance(connection, kind)
    assert type(connection)._connect is kind._connect  # type: ignore[attr-defined]
    assert type(connection).read_response is not kind.read_response  # type: ignore[attr-defined]
