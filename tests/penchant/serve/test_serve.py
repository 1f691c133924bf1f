"""Matches and intents by HTTP: real requests to a real server, with Redis and without."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import httpx
import pytest

from clients.calls import Call, Completion, ModelClient
from penchant.front.rules import HttpRules
from penchant.front.tokens import digest
from penchant.serve.bodies import MOST_EVENTS, MatchAnswer
from penchant.serve.service import serving
from penchant.settings.operation import Serve
from penchant.settings.root import Settings
from sandbox.servers.redis import RedisServer
from storage.connection import connect
from storage.keys import Keys
from storage.redis_rules import RedisRules
from streams.errors import ModelUnavailable
from tests.prompts import shoppers

pytestmark = pytest.mark.redis

CANDIDATES = ["sku-5", "sku-9", "sku-1"]
AWAY = RedisRules(url="redis://127.0.0.1:9/0", timeout_s=0.2)
TOKEN = "token-of-the-ranker"  # noqa: S105 # of this test


class FakeModel:
    """Chooses the first candidate, once `open` is set."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.asked = asyncio.Event()

    async def complete(self, call: Call) -> Completion:
        """As it was made, within its deadline."""
        self.asked.set()
        try:
            async with asyncio.timeout_at(call.deadline_s):
                await self.open.wait()
        except TimeoutError as exc:
            raise ModelUnavailable("late") from exc
        return Completion("A", "fake", "fake", log_probabilities={"B": -0.1, "A": -3.0})

    async def probe(self) -> str:
        """Its name."""
        return "fake"

    async def close(self) -> None:
        """Nothing to close."""


@asynccontextmanager
async def client(settings: Settings, model: ModelClient | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service that runs meanwhile."""
    async with serving(settings, model or FakeModel()) as url, httpx.AsyncClient(base_url=url, timeout=20) as made:
        yield made


def asked(**more: Any) -> dict[str, Any]:
    """What a ranker asks."""
    return {"shopper": "ada", "candidates": CANDIDATES} | more


async def test_a_match_comes_with_reasons(settings: Settings) -> None:
    """In the language asked for, or without; products once; with what was not known."""
    async with client(settings) as made:
        answer = (await made.post("/v1/match", json=asked(reasons="de"))).json()
        bare = (await made.post("/v1/match", json=asked(reasons=False))).json()
        nobody = (await made.post("/v1/match", json=asked(shopper="nobody", candidates=["b", "a", "b"]))).json()
    for each in (answer, bare, nobody):
        assert MatchAnswer.model_validate(each).model_dump(mode="json", by_alias=True) == each
    assert [each["product"] for each in answer["matches"]] == ["sku-1", "sku-5", "sku-9"]
    assert answer["step"] == "features"
    assert answer["matches"][0]["for"][0]["text"] == "89 EUR, in Ihrem Preisrahmen"
    assert answer["notes"] == ["1 of 3 candidates have no card"]
    assert not any(each["for"] or each["against"] for each in bare["matches"])
    assert (nobody["step"], [each["product"] for each in nobody["matches"]]) == ("given", ["b", "a"])


async def test_a_match_takes_no_thread(settings: Settings) -> None:
    """The way to one and back costs as much as scoring the candidates."""
    before = set(threading.enumerate())
    async with client(settings) as made:
        assert (await made.post("/v1/match", json=asked())).status_code == 200
        assert not [each for each in threading.enumerate() if each not in before and "AnyIO" in each.name]


async def test_scores_are_in_time_or_the_features_stand(settings: Settings) -> None:
    """Whatever the model does, a match is answered."""
    model = FakeModel()
    async with client(settings, model) as made:
        late = (await made.post("/v1/match", json=asked(scores=True, deadline_ms=300))).json()
        model.open.set()
        scored = (await made.post("/v1/match", json=asked(scores=True))).json()
    assert late["step"] == "features"
    assert "the order by features stands" in late["notes"][-1]
    assert scored["step"] == "scores"
    assert [each["product"] for each in scored["matches"]] == ["sku-5", "sku-1", "sku-9"]
    assert scored["matches"][0]["fit"] > scored["matches"][1]["fit"] > 0


async def test_without_redis_the_order_given_stands(settings: Settings) -> None:
    """A match is answered, an intent is not, and health says why."""
    async with client(settings.model_copy(update={"redis": AWAY})) as made:
        answer = await made.post("/v1/match", json=asked())
        intent = await made.post("/v1/intent", json={"shopper": "ada"})
        health = await made.get("/healthz")
    assert answer.status_code == 200
    assert (answer.json()["step"], [each["product"] for each in answer.json()["matches"]]) == ("given", CANDIDATES)
    assert "the order given stands" in answer.json()["notes"][0]
    assert (intent.status_code, intent.headers["retry-after"], health.status_code) == (503, "1", 503)


async def test_more_than_it_can_is_refused_at_once(settings: Settings) -> None:
    """With 429 and when to come again, while health and metrics are served; then there is room again."""
    model = FakeModel()
    one = settings.model_copy(update={"serve": Serve(port=0, max_in_flight=1)})
    async with client(one, model) as made, asyncio.TaskGroup() as tasks:
        first = tasks.create_task(made.post("/v1/match", json=asked(scores=True, deadline_ms=10_000)))
        await model.asked.wait()
        refused = await made.post("/v1/match", json=asked())
        health, metrics = await made.get("/healthz"), await made.get("/metrics")
        model.open.set()
        await first
        after = await made.post("/v1/match", json=asked())
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert (health.status_code, after.status_code, first.result().status_code) == (200, 200, 200)
    assert 'penchant_serve_answers_total{path="/v1/match",status="429"} 1.0' in metrics.text
    assert 'penchant_use_case_calls_total{kind="made",use_case="match"} 1.0' in metrics.text


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"shopper": "ada"}, "candidates: Field required"),
        (asked(candidates=[]), "candidates: List should have at least 1"),
        (asked(candidates=[str(at) for at in range(101)]), "candidates: List should have at most 100"),
        (asked(candidates=["a{b}"]), "candidates.0: "),
        (asked(shopper="x" * 129), "shopper: "),
        (asked(shopper=""), "shopper: "),
        (asked(deadline_ms=0), "deadline_ms: "),
        (asked(deadline=5), "deadline: Extra inputs"),
        (asked(reasons="../en"), "reasons"),
        (asked(reasons="xx"), "reasons: there is no catalogue of messages in 'xx', only in de, en"),
        ([], "body: "),
    ],
)
async def test_what_is_wrong_with_a_request_is_named(settings: Settings, body: object, told: str) -> None:
    """By its field."""
    async with client(settings) as made:
        answer = await made.post("/v1/match", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(told)


async def test_bodies_are_bounded_and_json(settings: Settings) -> None:
    """Too large, no JSON, cut short, of another type."""
    async with client(settings) as made:
        large = await made.post("/v1/match", content=b" " * 70_000, headers={"content-type": "application/json"})
        broken = await made.post("/v1/match", content=b"{", headers={"content-type": "application/json"})
        form = await made.post("/v1/match", data={"shopper": "ada"})
        wrong = await made.get("/v1/match")
    assert [each.status_code for each in (large, broken, form, wrong)] == [413, 422, 415, 405]


async def test_who_has_no_token_is_refused(settings: Settings, tmp_path: Path) -> None:
    """Where tokens are set; another host and another site's page always; health is for anybody."""
    path = tmp_path / "tokens"
    path.write_text(f"ranker viewer {digest(TOKEN)}\n")
    closed = settings.model_copy(update={"http": HttpRules(tokens_file=path)})
    bearer = {"authorization": f"Bearer {TOKEN}"}
    async with client(closed) as made:
        nobody = await made.post("/v1/match", json=asked())
        ranker = await made.post("/v1/match", json=asked(), headers=bearer)
        host = await made.post("/v1/match", json=asked(), headers=bearer | {"host": "evil.example"})
        page = await made.post("/v1/match", json=asked(), headers=bearer | {"origin": "https://evil.example"})
        health = await made.get("/healthz")
    assert [each.status_code for each in (nobody, ranker, host, page, health)] == [401, 200, 421, 403, 200]


class Speaking(FakeModel):
    """Says this at once."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.calls = text, list[Call]()

    async def complete(self, call: Call) -> Completion:
        """As it was made."""
        self.calls.append(call)
        return Completion(self.text, "fake", "fake")


@pytest.mark.parametrize(
    ("said", "stands"), [("It costs 89 EUR, within your range.", True), ("It is the cheapest of all.", False)]
)
async def test_a_sentence_stands_where_the_reasons_say_it(settings: Settings, said: str, *, stands: bool) -> None:
    """Else they stand alone, and a note says why; nobody is asked where none is wanted."""
    model = Speaking(said)
    async with client(settings, model) as made:
        bare = (await made.post("/v1/match", json=asked())).json()
        answer = (await made.post("/v1/match", json=asked(sentence=True))).json()
        metrics = (await made.get("/metrics")).text
    assert (bare["sentence"], bare["matches"]) == ("", answer["matches"])
    assert answer["sentence"] == (said if stands else "")
    assert any("the composed reasons stand" in note for note in answer["notes"]) is not stands
    [call] = model.calls
    assert call.traffic_class == "realtime"
    assert 'penchant_use_case_calls_total{kind="made",use_case="reasons"} 1.0' in metrics
    assert MatchAnswer.model_validate(answer).model_dump(mode="json", by_alias=True) == answer


async def test_a_late_sentence_is_not_waited_for(settings: Settings) -> None:
    """The composed reasons are there by the deadline."""
    async with client(settings, FakeModel()) as made:
        answer = (await made.post("/v1/match", json=asked(sentence=True, deadline_ms=300))).json()
    assert answer["sentence"] == ""
    assert answer["matches"][0]["for"]


def event(at: int, **more: Any) -> dict[str, Any]:
    """One that Kafka has not brought yet."""
    item = {"id": "sku-5", "category": "sport/shoes", "brand": "Ridge", "price": 120, "currency": "EUR"}
    told = {"event_id": f"new-{at}", "action": "view", "time_ms": shoppers.START_MS + 60_000 + at, "items": [item]}
    return told | more


async def test_events_are_folded_into_a_copy(settings: Settings, redis_server: RedisServer) -> None:
    """The intent has them; what stands in Redis has not, and stays as it was to the byte."""
    keys = Keys(settings.redis.namespace)
    events = [event(at) for at in range(4)]
    async with connect(redis_server.url) as redis, client(settings) as made:
        before = await redis.hgetall(keys.context("ada"))
        stored = (await made.post("/v1/intent", json={"shopper": "ada"})).json()
        fresh = (await made.post("/v1/intent", json={"shopper": "ada", "events": events})).json()
        again = (await made.post("/v1/intent", json={"shopper": "ada"})).json()
        assert await redis.hgetall(keys.context("ada")) == before
        nobody = (await made.post("/v1/intent", json={"shopper": "nobody"})).json()
    assert stored == again
    assert stored["intent"]["categories"][0]["name"] == "home/kitchen/kettles"
    assert (fresh["fresh"], fresh["intent"]["categories"][0]["name"]) == (True, "sport/shoes")
    assert (fresh["intent"]["source"], fresh["intent"]["position"]) == ("rules", "fresh")
    assert nobody == {"shopper": "nobody", "intent": None, "fresh": False, "notes": []}


async def test_events_are_read_as_a_topics_are(settings: Settings) -> None:
    """Of somebody else, of no known form, sensitive ones and too many: said, and without effect."""
    test = {"id": "t", "title": "HIV self test", "category": "health/tests", "price": 30}
    events = [event(1, shopper_id="eve"), event(2, action="dance"), event(3, items=[test])]
    async with client(settings) as made:
        answer = (await made.post("/v1/intent", json={"shopper": "ada", "events": events})).json()
        many = await made.post("/v1/intent", json={"shopper": "ada", "events": [{}] * (MOST_EVENTS + 1)})
    assert not answer["fresh"]
    assert answer["intent"]["categories"][0]["name"] == "home/kitchen/kettles"
    assert answer["notes"][0].startswith("event 1: schema at action")
    assert answer["notes"][1] == "1 events are of somebody else"
    assert many.status_code == 422


@pytest.mark.parametrize(
    "odd", [b'{"item": 1e999}', b'{"n": 123456789012345678901234567890}', b'{"\\ud800": "\\udfff"}', b'{"a": NaN}',
            b'{"time_ms": 123456789012345678901234567890, "items": "\\ud800"}']
)  # fmt: skip
async def test_whatever_json_holds_is_answered(settings: Settings, odd: bytes) -> None:
    """Numbers that no integer holds, half characters, NaN: an event of them is refused, the intent is not."""
    body = b'{"shopper": "ada", "events": [%s]}' % odd
    async with client(settings) as made:
        answer = await made.post("/v1/intent", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200
    assert answer.json()["notes"][0].startswith("event 0: ")


@pytest.mark.parametrize(
    ("body", "field", "remedy"),
    [
        (asked(deadline_ms="5"), "deadline_ms", "1 to 10,000 milliseconds"),
        (asked(scores=1), "scores", "true has a model score"),
        (asked(reasons=0), "reasons", "a language whose messages are there"),
        (asked(reasons="xx"), "reasons", "a language whose messages are there"),
        (asked(candidates=["a", 5]), "candidates.1", "1 to 100 ids of products; an id has"),
        (asked(shoper="ada"), "shoper", "send a JSON object with shopper, deadline_ms"),
        ([], "", "send a JSON object with shopper, deadline_ms"),
    ],
)
async def test_a_fault_has_a_field_and_a_remedy(settings: Settings, body: object, field: str, remedy: str) -> None:
    """The remedy is the field's description in OpenAPI."""
    async with client(settings) as made:
        answer = await made.post("/v1/match", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert answer.json()["remedy"].startswith(remedy)


async def test_every_refusal_has_the_same_form(settings: Settings) -> None:
    """Of a path that is none, a method that a path does not have, bytes that are no text, and a broken body."""
    json_type = {"content-type": "application/json"}
    async with client(settings) as made:
        answers = [
            await made.get("/v1/nothing"), await made.put("/v1/match", json={}),
            await made.post("/v1/match", content=b"\xff", headers=json_type),
            await made.post("/v1/match", content=b"{", headers=json_type),
        ]  # fmt: skip
    assert [each.status_code for each in answers] == [404, 405, 400, 422]
    assert all(set(each.json()) == {"error", "field", "remedy"} and each.json()["error"] for each in answers)
    assert answers[1].headers["allow"] == "POST"
    assert answers[3].json()["error"].startswith("body: ")


async def test_a_shop_has_languages_of_its_own(settings: Settings, tmp_path: Path) -> None:
    """They stand in the description, beside the packaged ones."""
    english = resources.files("agents.match").joinpath("catalogues", "en.toml").read_text(encoding="utf-8")
    (tmp_path / "fr.toml").write_text(english, encoding="utf-8")
    own = settings.model_copy(update={"match": replace(settings.match, messages=str(tmp_path))})
    async with client(own) as made:
        described = (await made.get("/openapi.json")).json()
        answer = await made.post("/v1/match", json=asked(reasons="fr"))
    reasons = described["components"]["schemas"]["MatchAsked"]["properties"]["reasons"]
    assert reasons["anyOf"][1]["enum"] == ["de", "en", "fr"]
    assert answer.status_code == 200


async def test_the_api_is_described(settings: Settings) -> None:
    """With both paths and their bounds."""
    async with client(settings) as made:
        described = (await made.get("/openapi.json")).json()
    assert {"/v1/match", "/v1/intent", "/healthz"} <= set(described["paths"])
    assert described["components"]["schemas"]["MatchAsked"]["properties"]["candidates"]["maxItems"] == 100
