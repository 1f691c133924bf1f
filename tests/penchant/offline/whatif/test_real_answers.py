"""Real answers: how they differ from what the replay assumed, by calls that it would have made."""

import pytest

from benchmarks.goodput.traffic import Traffic
from clients.calls import Call, Completion
from penchant.offline.whatif.arrivals import EPOCH_MS, Recording
from penchant.offline.whatif.day import play
from penchant.offline.whatif.real_answers import REAL_MEANINGS, Beside, ask
from penchant.offline.whatif.variant import ANSWER_TOKENS, variant
from penchant.settings.root import Settings
from sandbox.gpu.answers import LOOKS_AROUND
from streams.errors import ModelUnavailable, PromptTooLong
from tests.clients.virtual import virtually
from tests.fakes.model import ScriptedModel
from tests.fakes.scripted_calls import Turn

MANY = 12
WAY = variant("", lambda _: Settings())
DAY = play(Recording(Traffic(2.0, 20.0, before_s=0.0).arrivals, EPOCH_MS), WAY, MANY)
DECIDED = '{"m":"gift","t":"A gift","c":[[1,9]],"k":9,"e":[1,99]}'


def answers(model: ScriptedModel) -> dict[str, Beside]:
    async def main() -> dict[str, Beside]:
        return await ask(WAY, model, DAY.asked)

    return virtually(main)


def test_so_many_are_drawn_of_all_and_always_the_same() -> None:
    """Also from the end of the day; of none asked for, none."""
    assert len(DAY.asked) == MANY < DAY.meter.calls
    again = play(
        Recording(Traffic(2.0, 20.0, before_s=0.0).arrivals, EPOCH_MS), variant("", lambda _: Settings()), MANY
    )
    assert again.asked == DAY.asked
    drawn = [each.position.offset for each in DAY.asked]
    assert max(drawn) > MANY * 2


def test_a_model_that_says_what_was_assumed_agrees() -> None:
    """In every figure that is promised; tokens are the server's."""
    found = answers(ScriptedModel(LOOKS_AROUND))
    assert list(found) == list(REAL_MEANINGS)
    assert found["asked"] == Beside(MANY, MANY)
    assert found["answered"] == found["usable"] == Beside(1.0, 1.0)
    assert found["grounded"].real == found["grounded"].assumed
    assert {found[name].real for name in REAL_MEANINGS if name.startswith("agreed")} == {1.0}
    assert found["output_tokens"].assumed == ANSWER_TOKENS
    assert found["prompt_tokens"].assumed


def test_another_answer_is_seen() -> None:
    """By the field that differs, and by what grounding takes out of it."""
    found = answers(ScriptedModel(DECIDED))
    assert found["agreed"].real == found["agreed_mission"].real == 0.0
    assert found["agreed_stage"].real is not None
    assert found["grounded"].real == 0.0


def test_what_is_no_intent_agrees_with_nothing() -> None:
    """Nor does what was not answered: nothing is said of it."""
    found = answers(ScriptedModel("I am a poem."))
    assert (found["answered"].real, found["usable"].real, found["agreed"].real) == (1.0, 0.0, None)
    found = answers(ScriptedModel(lambda _: Turn(fault="failure")))
    assert (found["answered"].real, found["usable"].real) == (0.0, None)


def test_a_prompt_that_is_too_long_is_shortened_as_a_worker_does() -> None:
    """And is a call without an answer where the newest line is too much: the day that was played is not lost."""

    class Small(ScriptedModel):
        longest = 0

        async def complete(self, call: Call) -> Completion:
            if len(call.prompt) > self.longest:
                raise PromptTooLong("context length exceeded")
            return await super().complete(call)

    model = Small(LOOKS_AROUND)
    assert answers(model)["answered"].real == 0.0
    whole = ScriptedModel(LOOKS_AROUND)
    answers(whole)
    model.longest = max(len(call.prompt) for call in whole.calls) - 1
    assert answers(model)["answered"].real == 1.0


def test_a_model_that_is_not_there_is_told_at_once() -> None:
    """Before any call."""
    model = ScriptedModel()
    model.away = True
    with pytest.raises(ModelUnavailable):
        answers(model)
