"""An arm may have trees of its own: its intents name them, and everybody else's do not."""

from pathlib import Path

import pytest

from agents.experiments.assignment import Arm, Experiment
from agents.learning.rules import LearningRules
from clients.calls import Sampling
from penchant.settings.root import Settings
from penchant.worker.model_side import arm_predictors, reasoning_of
from prompts.learned.foresight import Foresight
from prompts.tokens import estimate
from streams.errors import SettingInvalid
from tests.penchant.worker.test_model_side import settings
from tests.prompts.learned.test_foresight import EMPTY, HONEST
from tests.prompts.learned.trees import predictor, predictor_file


def tried(file: Path, *, enabled: bool = True) -> Settings:
    """An experiment whose arm has a predictor."""
    canary = Experiment("trees", (Arm("canary", 1.0, predictor=file),))
    return settings().model_copy(update={"experiments": (canary,), "learning": LearningRules(enabled=enabled)})


async def test_an_arm_foresees_by_its_own_trees(tmp_path: Path) -> None:
    """By the snapshot in force, and by the next one as soon as that is."""
    file = tmp_path / "trees.json"
    file.write_bytes(predictor_file())
    wanted = tried(file)
    in_force: list[Foresight | None] = [Foresight(EMPTY), Foresight(HONEST), None]
    make = reasoning_of(wanted, estimate, None, lambda: in_force[0], await arm_predictors(wanted))
    arm = make("v1", Sampling(), wanted.experiments[0].arms[0].predictor)
    first = arm.learned()
    assert arm.learned() is first
    in_force.pop(0)
    named = [reasoning.learned() for reasoning in (make("v1", Sampling()), arm)]
    assert [each.name for each in named if each] == [HONEST.name, f"{HONEST.name}+{predictor().name}"]
    assert first is not None
    assert first.name == f"{EMPTY.name}+{predictor().name}"
    in_force.pop(0)
    assert arm.learned() is None


async def test_an_arm_with_trees_needs_learning(tmp_path: Path) -> None:
    """Otherwise they would do nothing, without a word."""
    file = tmp_path / "trees.json"
    file.write_bytes(b"{}")
    with pytest.raises(SettingInvalid, match=r"learning\.enabled"):
        await arm_predictors(tried(file, enabled=False))
    with pytest.raises(SettingInvalid, match=r"no predictor"):
        await arm_predictors(tried(file))


def test_an_arm_without_trees_is_the_one_that_it_was() -> None:
    """So that an upgrade goes on with the counts of an experiment."""
    plain, treed = (Experiment("x", (Arm("canary", 1.0, predictor=file),)) for file in (None, Path(__file__)))
    assert plain.definition == "db33e5d4"
    assert plain.definition != treed.definition
