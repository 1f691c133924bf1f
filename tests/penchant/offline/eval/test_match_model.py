"""A model's scores in eval --match, by the simulated model's probabilities."""

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from clients.calls import Call, Completion
from penchant.offline.eval.choices import choices
from penchant.offline.eval.match_model import model_order
from penchant.offline.eval.match_report import Scoring, match_report, show_match
from penchant.offline.eval.matching import MODEL, RANKERS
from sandbox.servers.openai import OpenAIServer
from sandbox.servers.stand_in import StandIn
from streams.events.decoding import encode
from tests.penchant.commands import run
from tests.penchant.offline.eval.test_cases import simulated

EVENTS = simulated(120)
MOST = 20
START_MS = 1_700_000_000_000


class Mute:
    """A server without log-probabilities."""

    def __init__(self) -> None:
        self.calls = 0

    async def complete(self, call: Call) -> Completion:
        """A letter alone."""
        self.calls += 1
        return Completion(call.choices[0], "mute", "mute")

    async def probe(self) -> str:
        """Its name."""
        return "mute"

    async def close(self) -> None:
        """Nothing to close."""


async def test_the_model_is_judged_on_the_choices_that_it_was_asked_about() -> None:
    """As the others are, with intervals, and with what it gains over the step before it."""
    client = StandIn("no server")
    report = await match_report(EVENTS, "simulated", 1, Scoring(client, MOST))
    await client.close()
    for each in report["beside"].values():
        assert each["choices"] <= MOST
        assert each["without_scores"] == 0
        assert list(each["rankers"]) == [*RANKERS, MODEL]
        assert each["steps"][-1]["step"] == MODEL
        low, high = each["rankers"][MODEL]["ndcg_10"]["interval"]
        assert 0 <= low <= each["rankers"][MODEL]["ndcg_10"]["value"] <= high <= 1


async def test_a_model_orders_as_its_probabilities_say() -> None:
    """Asked again it says the same; each rank is one of twenty."""
    catalogue, made = choices(EVENTS, "shop", 1)
    client = StandIn("no server")
    one, other = [await model_order(client, catalogue, made[:MOST]) for _ in range(2)]
    await client.close()
    assert one == other
    assert len(one.ranks) == min(MOST, len(made))
    assert all(1 <= rank <= 20 for rank in one.ranks)


async def test_a_server_without_probabilities_has_no_column() -> None:
    """It is said why, and the others are judged."""
    client = Mute()
    report = await match_report(EVENTS, "simulated", 1, Scoring(client, 5))
    each = report["beside"]["same"]
    assert list(each["rankers"]) == [*RANKERS]
    assert each["without_scores"] == each["choices"] == 5
    assert each["why"] == "mute gives no log-probabilities"
    console = Console(record=True, width=200, file=StringIO())
    show_match(console, report)
    assert "no scores by the model at 5 choices: mute gives no log-probabilities" in console.export_text()


@pytest.mark.slow
async def test_scores_of_a_real_server(tmp_path: Path) -> None:
    """As people call it."""
    dated = [replace(event, time_ms=event.time_ms + START_MS) for event in EVENTS]
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(map(encode, dated)))
    async with OpenAIServer(tmp_path) as server:
        asked = ("eval", "--match", "--events", "events.jsonl", "--model-url", server.url, "--sessions", "10", "--json")
        ended = await run(tmp_path, {}, *asked)
    assert ended.status == 0, ended.err
    assert {*ended.report["beside"]["shop"]["rankers"]} == {*RANKERS, MODEL}
