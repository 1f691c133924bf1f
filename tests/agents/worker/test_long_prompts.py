"""A prompt that does not fit into the server's context is cut and asked again; it is no fault of the model's."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from agents.health.statistics import Meter
from agents.worker.asking import Asking, CallRules
from agents.worker.checkpoints import Checkpoints
from agents.worker.partition import Partition
from agents.worker.reasoning import Reasoning
from agents.worker.shoppers import Shopper
from clients.calls import Call, Completion, Sampling
from prompts.answer import Answer
from prompts.library import DEFAULT_PROMPTS
from streams.errors import PromptTooLong
from streams.events.event import Item, ShopperEvent
from streams.records.intents import IntentRules
from streams.sessions.session import SessionRules, fold


class ShortServer:
    """Takes prompts of at most so many lines about the shopper, and counts what it refused."""

    def __init__(self, lines: int) -> None:
        self.lines, self.refused, self.prompts = lines, 0, list[str]()

    async def complete(self, asked: Call) -> Completion:
        lines = asked.prompt.rpartition("\nShopper\n")[2].count("\n#")
        self.prompts.append(asked.prompt)
        if lines > self.lines:
            self.refused += 1
            raise PromptTooLong("host: the request exceeds the available context size (400)")
        return Completion(Answer(mission="research", evidence=(8,)).write(), "m", "host")


def question_about(events: int) -> tuple[Any, Meter]:
    """A question about a session of so many views."""
    shopper = Shopper("s", Partition(0, 1, 10.0))
    for number in range(events):
        item = Item(f"sku-{number}", f"Kettle {number}", f"kettles-{number}")
        fold(shopper.session, ShopperEvent(f"e{number}", "s", "view", number, (item,)), number, number, SessionRules())
    checkpoint = Checkpoints("w", IntentRules(), SessionRules(), lambda: 0, lineage=0).take(shopper)
    return Reasoning("v2", DEFAULT_PROMPTS, Sampling()).ask(shopper.session, checkpoint), Meter()


async def test_a_prompt_that_is_too_long_is_cut_and_counted() -> None:
    """Half of its lines go, the oldest, as often as it takes; the answer is read against what was shown. It is a
    mistake of ours, and says nothing of the model: the breaker does not count it."""
    question, meter = question_about(8)
    asking, server = Asking(CallRules(), meter), ShortServer(lines=3)
    with capture_logs() as logs:
        answered = await asking.ask(question, server.complete)
    assert (server.refused, meter.prompts_too_long, meter.call_failures) == (2, 2, 0)
    assert [log["event"] for log in logs] == ["prompt.too_long"]
    assert "#7 " in server.prompts[-1]
    assert "#6 " not in server.prompts[-1].rpartition("\nShopper\n")[2]
    assert 'c1 "kettles-6"' in server.prompts[-1]
    assert answered.findings is not None
    assert answered.cited
    assert not asking.circuit_breaker.away


async def test_a_prompt_that_never_fits_leaves_the_rules() -> None:
    """When not even the newest line is taken, the answer is refused for good."""
    question, meter = question_about(4)
    with pytest.raises(PromptTooLong):
        await Asking(CallRules(), meter).ask(question, ShortServer(lines=0).complete)
    assert meter.prompts_too_long == 3
