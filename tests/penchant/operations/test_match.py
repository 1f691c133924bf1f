"""penchant match as people call it, and what it says of shoppers and products that are not known."""

import asyncio
import json
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from penchant.cli.main import app
from penchant.operations.match import checked, ranked, spoken, words
from penchant.settings.root import Settings
from sandbox.servers.openai import OpenAIServer
from sandbox.servers.redis import RedisServer
from storage.cards import Known, RedisCards
from storage.connection import connect
from storage.keys import Keys
from streams.errors import SettingInvalid
from streams.sessions.packing import dump
from tests.agents.match.intents import KETTLE, SHOES, of_session
from tests.fakes.model import ScriptedModel
from tests.penchant.commands import run
from tests.prompts import shoppers


@pytest.mark.redis
@pytest.mark.slow
async def test_the_command_reads_redis_and_says_why(redis_server: RedisServer, tmp_path: Path) -> None:
    """In order, with reasons in the language asked for, as a table and as JSON."""
    keys = Keys(f"match-{uuid4().hex[:12]}")
    session = shoppers.shopper(("view", shoppers.OTHER_KETTLE), ("view", shoppers.KETTLE))
    async with connect(redis_server.url) as client:
        await RedisCards(client, keys, 5.0).write({"sku-1": KETTLE, "sku-5": SHOES})
        await client.hset(keys.intent("ada"), "doc", of_session(session).dump())
        await client.hset(keys.context("ada"), "session", dump(session))
    variables = {"REDIS__URL": redis_server.url, "REDIS__NAMESPACE": keys.namespace}
    told = await run(tmp_path, variables, "match", "ada", "sku-5", "sku-9", "sku-1", "--language", "de", "--json")
    assert told.status == 0, told.err
    assert [each["product"] for each in told.report["matches"]] == ["sku-1", "sku-5", "sku-9"]
    assert told.report["matches"][0]["for"][0]["text"] == "89 EUR, in Ihrem Preisrahmen"
    assert told.report["notes"] == ["1 of 3 candidates have no card"]
    shown = await run(tmp_path, variables, "match", "nobody", "sku-5", "sku-1")
    assert "nothing is known of the shopper: the order given stands" in shown.out


@pytest.mark.redis
async def test_a_model_scores_the_best(redis_server: RedisServer, tmp_path: Path) -> None:
    """With --scores; its probabilities stand beside the features' scores."""
    keys = Keys(f"match-{uuid4().hex[:12]}")
    session = shoppers.shopper(("view", shoppers.KETTLE))
    async with connect(redis_server.url) as client:
        await RedisCards(client, keys, 5.0).write({"sku-1": KETTLE, "sku-5": SHOES})
        await client.hset(keys.intent("ada"), "doc", of_session(session).dump())
    async with OpenAIServer(tmp_path) as server:
        variables = {
            "REDIS__URL": redis_server.url, "REDIS__NAMESPACE": keys.namespace, "MODEL__URL": server.url,
            "MATCH__DEADLINE_MS": "5000",
        }  # fmt: skip
        told = await run(tmp_path, variables, "match", "ada", "sku-5", "sku-1", "--scores", "--json")
    assert told.status == 0, told.err
    assert [each["product"] for each in told.report["matches"]] == ["sku-1", "sku-5"]
    assert told.report["matches"][0]["fit"] > 0.5
    assert told.report["notes"] == []


@pytest.mark.redis
async def test_a_sentence_that_nobody_says_ends_nothing(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --sentence before a server that is not there: the composed reasons stand, and a note says why."""
    keys = Keys(f"match-{uuid4().hex[:12]}")
    session = shoppers.shopper(("view", shoppers.KETTLE))
    async with connect(redis_server.url) as client:
        await RedisCards(client, keys, 5.0).write({"sku-1": KETTLE})
        await client.hset(keys.intent("ada"), "doc", of_session(session).dump())
    variables = {"REDIS__URL": redis_server.url, "REDIS__NAMESPACE": keys.namespace, "MODEL__URL": "127.0.0.1:9"}
    for name, value in variables.items():
        monkeypatch.setenv(f"PENCHANT_{name}", value)
    asked = ["match", "ada", "sku-1", "--scores", "--sentence", "--json"]
    told = await asyncio.to_thread(CliRunner().invoke, app, asked)
    assert told.exit_code == 0, told.output
    report = json.loads(told.stdout.splitlines()[-1])
    assert report["sentence"] == ""
    assert report["matches"][0]["for"]
    assert report["notes"][-1].startswith("the composed reasons stand: the model did not answer")


@pytest.mark.parametrize(
    ("said", "sentence"), [("It is 89 EUR, within your range.", "It is 89 EUR, within your range."), ("Buy it!", "")]
)
async def test_a_sentence_says_the_reasons_of_the_first(said: str, sentence: str) -> None:
    """And nothing else, or it does not stand."""
    found = ranked(Settings(), "ada", ["sku-5", "sku-1"], known(purposes=None), "")
    deadline_s = asyncio.get_running_loop().time() + 20
    told = await spoken(found, words(Settings(), "en"), ScriptedModel(said), deadline_s)
    assert told.sentence == told.report(None)["sentence"] == sentence
    assert (told.notes == found.notes) == bool(sentence)
    assert told.ranked == found.ranked


def known(*, purposes: frozenset[str] | None) -> Known:
    """A shopper who looked at a kettle."""
    session = shoppers.shopper(("view", shoppers.KETTLE))
    return Known(of_session(session), purposes, session, {"sku-1": KETTLE, "sku-5": SHOES}, ())


@pytest.mark.parametrize(
    ("purposes", "first"),
    [(None, "sku-1"), (frozenset({"advertising"}), "sku-1"), (frozenset({"other"}), "sku-5"), (frozenset(), "sku-5")],
)
def test_nothing_is_told_of_a_shopper_who_did_not_agree(purposes: frozenset[str] | None, first: str) -> None:
    """The order given stands, and there are no reasons; where the writer does not say, the shopper is known."""
    found = ranked(Settings(), "ada", ["sku-5", "sku-1"], known(purposes=purposes), "advertising")
    assert found.ranked[0].product == first
    refused = first == "sku-5"
    assert any("did not agree" in note for note in found.notes) == refused
    assert any(each.reasons.pro or each.reasons.con for each in found.ranked) != refused


def test_candidates_count_once_and_up_to_a_hundred() -> None:
    """More, none, and ids that no product has, are refused by name."""
    assert checked("ada", ["b", "a", "b"]) == ("b", "a")
    for products in ([], [str(number) for number in range(101)]):
        with pytest.raises(SettingInvalid, match="candidates"):
            checked("ada", products)
    with pytest.raises(SettingInvalid, match="the product's id"):
        checked("ada", ["{a}"])
    with pytest.raises(SettingInvalid, match="the shopper's id"):
        checked("", ["a"])
