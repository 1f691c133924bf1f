"""Raw answers: an eval that was cut short goes on from what it has, and asks nobody twice."""

from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from clients.calls import Call, Completion
from penchant.offline.eval.raw_answers import RawAnswer, RawAnswers
from penchant.offline.eval.run import run
from streams.errors import ModelUnavailable, SettingInvalid
from tests.penchant.offline.eval.test_cases import simulated
from tests.penchant.offline.eval.test_run import PLAN, Model, Quiet, subject

CALL = Call("one", "prompt", 1.0, 10)
ANSWER = RawAnswer(Completion("{}", "m", "here", 7, 2), 12.5)


class Dying(Model):
    """Answers so often, and is away then."""

    def __init__(self, answers: int) -> None:
        super().__init__()
        self.left = answers

    async def complete(self, call: Call) -> Completion:
        self.left -= 1
        if self.left < 0:
            raise ModelUnavailable("away")
        return await super().complete(call)


def test_answers_are_read_back_by_what_was_asked(tmp_path: Path) -> None:
    """Another model, prompt or schema is another question; its id and deadline are not of it."""
    file = tmp_path / "folder" / "answers.jsonl"
    with RawAnswers(file) as kept:
        kept.keep("m", CALL, ANSWER)
    with RawAnswers(file) as kept:
        assert kept.find("m", structs.replace(CALL, id="two", deadline_s=9.0)) == ANSWER
        assert kept.find("other", CALL) is None
        assert kept.find("m", structs.replace(CALL, prompt="another")) is None
        assert kept.find("m", structs.replace(CALL, json_schema="{}")) is None


def test_a_line_that_was_cut_short_is_asked_for_again(tmp_path: Path) -> None:
    """What comes after it is read; a file of something else is refused by its line."""
    file = tmp_path / "answers.jsonl"
    with RawAnswers(file) as kept:
        kept.keep("m", CALL, ANSWER)
    file.write_bytes(file.read_bytes() + b'{"key": "abc", "te')
    other = structs.replace(CALL, prompt="another")
    with RawAnswers(file) as kept:
        kept.keep("m", other, ANSWER)
    with RawAnswers(file) as kept:
        assert kept.find("m", CALL) == kept.find("m", other) == ANSWER
    file.write_bytes(b'{"event": 1}\n' + file.read_bytes())
    with pytest.raises(SettingInvalid, match="line 1"):
        RawAnswers(file)


async def test_an_eval_goes_on_where_it_was_cut_short(tmp_path: Path) -> None:
    """It asks for what is missing alone, and comes to the same scores."""
    plan, events, file = replace(PLAN, sessions=3), simulated(300), tmp_path / "answers.jsonl"
    whole = await run(plan, events, [subject()], None, Quiet())
    calls = whole.report["models"]["model"]["calls"]
    first = replace(subject(), client=Dying(5), simulation=False)
    with RawAnswers(file) as kept, pytest.raises(ModelUnavailable):
        await run(plan, events, [first], None, Quiet(), kept)
    assert 1 <= len(file.read_bytes().splitlines()) <= 5
    again = Dying(calls)
    with RawAnswers(file) as kept:
        ended = await run(plan, events, [replace(subject(), client=again, simulation=False)], None, Quiet(), kept)
    assert again.left == 5
    assert ended.report["scores"]["model"] == whole.report["scores"]["model"]
    assert ended.report["models"]["model"]["latency_ms_p95"] >= 0
