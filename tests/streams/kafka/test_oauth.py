"""Tokens: asked for no more often than needed, and what is said when none is to be had."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.errors import AuthenticationFailedError
from pydantic import SecretStr

from streams.errors import SettingInvalid
from streams.kafka.oauth import OAuth
from tests.fakes.token_endpoint import CLIENT, TokenEndpoint


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[TokenEndpoint]:
    with TokenEndpoint(tmp_path, "penchant", "first") as endpoint:
        yield endpoint


async def test_a_token_serves_until_it_is_nearly_over(endpoint: TokenEndpoint) -> None:
    """Every connection gets the same one; one that is over is fetched anew."""
    provider = OAuth(token_url=endpoint.token_url, client_id=CLIENT, client_secret=SecretStr("first")).provider()
    assert [await provider.token() for _ in range(3)] == [await provider.token()] * 3
    assert endpoint.asked == 1
    endpoint.lifetime_s = 0
    provider._good_until_s = 0.0
    await provider.token()
    await provider.token()
    assert endpoint.asked == 3


async def test_a_secret_that_changes_is_read_again(endpoint: TokenEndpoint, tmp_path: Path) -> None:
    """The next token is asked for with what stands in the file then."""
    endpoint.lifetime_s, path = 0, tmp_path / "secret"
    path.write_text("first")
    provider = OAuth(token_url=endpoint.token_url, client_id=CLIENT, client_secret_file=path).provider()
    await provider.token()
    endpoint.secret = "another"  # noqa: S105
    with pytest.raises(AuthenticationFailedError, match=r"refuses the client: 401, invalid_client"):
        await provider.token()
    path.write_text("another")
    assert await provider.token()


async def test_a_hook() -> None:
    """Its token serves until its own time; what it raises is the cause."""
    assert await OAuth(token_hook=f"{__name__}:good").provider().token() == "token"
    with pytest.raises(AuthenticationFailedError, match="no role here"):
        await OAuth(token_hook=f"{__name__}:bad").provider().token()
    with pytest.raises(SettingInvalid, match="token_hook"):
        OAuth(token_hook="nowhere.at.all:f").provider()  # noqa: S106


def good() -> tuple[str, float]:
    return "token", (time.time() + 60) * 1e3


def bad() -> tuple[str, float]:
    raise LookupError("no role here")
