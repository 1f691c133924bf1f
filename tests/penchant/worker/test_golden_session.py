"""The golden session: what is compared of an answer, and when there is a watch at all."""

import pytest

from agents.worker.reasoning import Reasoning
from clients.calls import Completion, Sampling
from clients.pools.client import PooledClient
from clients.pools.endpoints import Endpoint, Pool
from penchant.settings.root import Settings
from penchant.worker.golden_session import GoldenSession, golden_watch_of
from prompts.library import DEFAULT_PROMPTS
from tests.fakes.model import ScriptedModel

SAID = '{"m":"gift","c":[[1,9]],"b":[[1,8]],"k":9,"e":[1]}'
REASONING = Reasoning("v1", DEFAULT_PROMPTS, Sampling(temperature=0.7))


def fields(text: str) -> object:
    return GoldenSession(REASONING).fields(Completion(text, "tiny", "gpu:1"))


def test_it_is_always_the_same_and_of_nobody() -> None:
    """At temperature 0 whatever the settings say, so that nothing but the server can differ."""
    first, second = (GoldenSession(REASONING).call(1.0) for _ in range(2))
    assert first == second
    assert (first.temperature, first.shopper) == (0.0, "")
    assert "Quiet kettle" in first.prompt


def test_words_and_confidence_are_not_compared() -> None:
    """Batching changes them."""
    assert fields(SAID) == fields(SAID.replace('"k":9', '"k":4'))


@pytest.mark.parametrize("text", [SAID.replace("gift", "replenish"), SAID.replace("[[1,8]]", "[[3,9]]"), "no intent"])
def test_what_is_grounded_is(text: str) -> None:
    """Another mission, another order of brands, and an answer that is none."""
    assert fields(text) != fields(SAID)


def test_nobody_is_asked_unless_it_is_wanted() -> None:
    """By default there is no watch."""
    pools = PooledClient([Pool("own", (Endpoint(),))], lambda _: ScriptedModel())
    assert golden_watch_of(Settings(), pools, REASONING, lambda: 1) is None
    wanted = Settings.model_validate({"routing": {"golden_every_s": 60}})
    assert golden_watch_of(wanted, pools, REASONING, lambda: 1) is not None
