"""Asking the model again from a shopper's page: by right, within a bound, and without a word that may not be seen."""

from pathlib import Path

import pytest
from starlette.exceptions import HTTPException

from penchant.console.asking import A_MINUTE, AskBudget
from penchant.front.tokens import digest
from penchant.operations.control import activity
from sandbox.servers.redis import RedisServer
from sandbox.servers.triton import TritonServer
from tests.penchant.console.test_app import opened, post
from tests.penchant.console.world import settings, store


async def test_so_many_a_minute_and_one_at_a_time() -> None:
    """Whoever comes in between is told to come again."""
    budget = AskBudget()
    for number in range(A_MINUTE):
        async with budget.taken(number):
            with pytest.raises(HTTPException, match="at this moment"):
                budget.taken(number)
    with pytest.raises(HTTPException, match="within a minute"):
        budget.taken(59)
    budget.taken(61)
    with pytest.raises(HTTPException):
        budget.taken(60.5)


@pytest.mark.redis
@pytest.mark.triton
async def test_the_model_is_asked_beside_what_is_live(
    redis_server: RedisServer, model_server: TritonServer, tmp_path: Path
) -> None:
    """An operator sees it masked; with the right to see texts, and asked for, it stands there and in the log."""
    tokens = tmp_path / "tokens"
    tokens.write_text(f"opal operator {digest('o')}\npia operator,privacy {digest('p')}\nvera viewer {digest('v')}\n")
    given = settings(redis_server.url, http={"tokens_file": tokens}, model={"url": model_server.grpc_address})
    await store(given, "ada", ["Secretkettle", "Secretkettle"], query="secretsearch")
    async with opened(given, "o") as client:
        assert "ask now" in (await client.get("/shopper?id=ada")).text
        done = await post(client, "/shopper/ask", shopper="ada")
        assert done.status_code == 200, done.text
        assert "Beside it" in done.text
        assert "The rules, now" in done.text
        assert "secret" not in done.text.lower()
        assert (await post(client, "/shopper/ask", shopper="nobody")).status_code == 404
        assert (await post(client, "/shopper/ask", shopper="ada", raw="1")).status_code == 403
        client.headers["authorization"] = "Bearer v"
        assert (await post(client, "/shopper/ask", shopper="ada")).status_code == 403
        assert "ask now" not in (await client.get("/shopper?id=ada")).text
        client.headers["authorization"] = "Bearer p"
        assert (await post(client, "/shopper/ask", shopper="ada", raw="1")).status_code == 200
        assert [(each.kind, each.who) for each in await activity(given, 9)] == [("unmasking", "pia")]


@pytest.mark.redis
async def test_a_model_that_is_away_is_said(redis_server: RedisServer) -> None:
    """As the command says it."""
    given = settings(redis_server.url, model={"url": "127.0.0.1:9"}, calls={"deadline_s": 3.0})
    await store(given, "ada", ["Quiet kettle"])
    async with opened(given) as client:
        done = await post(client, "/shopper/ask", shopper="ada")
        assert (done.status_code, "127.0.0.1:9" in done.text) == (503, True)
