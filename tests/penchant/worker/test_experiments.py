"""Experiments by the settings: what is told of wrong ones, whom a pool serves, and what a running worker takes up."""

from pathlib import Path

import pytest

from agents.experiments.assignment import Arm, Experiment
from agents.experiments.guardrails import GuardrailRules
from agents.health.probes import Health
from agents.worker.instruments import Instruments
from clients.calls import ModelClient
from clients.pools.client import PooledClient
from penchant.settings import Settings, load_settings
from penchant.worker.experiments import ArmFactory, ExperimentRuntime
from penchant.worker.model_side import ModelSide, arm_pools, pools, reasoning_of
from streams.errors import ContractMismatch, SettingInvalid
from tests.fakes.model import ScriptedModel

TABLES = """
[model]
name = "old"

[sampling]
temperature = 0.1

[[pools]]
name = "own"
endpoints = [{ url = "triton-0:8001" }]
[[pools]]
name = "new"
endpoints = [{ url = "triton-1:8001", name = "newer" }]
[[pools]]
name = "beside"
endpoints = [{ url = "triton-2:8001" }]

[[experiments]]
name = "new-model"
arms = [
  { name = "canary", percent = 1.05, pool = "new" },
  { name = "warm", percent = 5, temperature = 0.7 },
  { name = "nothing", percent = 0.5, kind = "holdout" },
]
guardrails = { errors = 0.01, min_calls = 300 }

[[experiments]]
name = "look"
arms = [{ name = "shade", percent = 100, kind = "shadow", pool = "beside", model = "third" }]
"""


def loaded(tmp_path: Path, text: str) -> Settings:
    (tmp_path / "penchant.toml").write_text(text)
    return load_settings(tmp_path / "penchant.toml").settings


def wrong(tmp_path: Path, text: str) -> str:
    """The message that the start stops with."""
    with pytest.raises(SettingInvalid) as caught:
        loaded(tmp_path, text)
    return str(caught.value)


def one(arm: str, more: str = "") -> str:
    """An experiment of one arm."""
    return f'[[experiments]]\nname = "x"\narms = [{{ name = "a", percent = 1, {arm} }}]\n{more}'


def test_tables_become_experiments(tmp_path: Path) -> None:
    """What an arm does not say is as for everybody; without experiments there are none."""
    first, second = loaded(tmp_path, TABLES).experiments
    assert first == Experiment(
        "new-model",
        (
            Arm("canary", 1.05, pool="new"),
            Arm("warm", 5.0, temperature=0.7),
            Arm("nothing", 0.5, kind="holdout"),
        ),
        GuardrailRules(min_calls=300, errors=0.01),
    )
    assert second.arms == (Arm("shade", 100.0, kind="shadow", pool="beside", model="third"),)
    assert Settings().experiments == ()


def test_an_arms_pool_serves_nobody_else(tmp_path: Path) -> None:
    """Everybody has the other pools; an arm's model is asked for on its own servers, or on everybody's."""
    settings = loaded(tmp_path, TABLES)
    assert [pool.name for pool in pools(settings)] == ["own"]
    (first, second) = settings.experiments
    (own,) = arm_pools(settings, first.arms[0]) or ()
    assert [(each.url, each.name) for each in own.endpoints] == [("triton-1:8001", "newer")]
    (beside,) = arm_pools(settings, second.arms[0]) or ()
    assert (beside.name, [each.name for each in beside.endpoints]) == ("beside:third", ["third"])
    (shared,) = arm_pools(settings, Arm("b", 0.01, model="other")) or ()
    assert [(each.url, each.name) for each in shared.endpoints] == [("triton-0:8001", "other")]
    assert arm_pools(settings, first.arms[1]) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (one("kind = 'shdow'"), "experiments.0.arms.0.kind"),
        (one("temprature = 0.5"), "did you mean temperature?"),
        (one("seed = 1", "guardrails = { eror = 1 }"), "did you mean errors?"),
        (one("seed = 1", "guardrails = { value = 0.1 }"), "x.guardrails.value: no value is counted: set lift.currency"),
        (one("seed = 1", "guardrails = { clicked_through = 0.1 }"), "are counted: set kafka.impressions_topic"),
        (one("prompt_version = 'v99'"), "x.a.prompt_version: there is no v99: choose one of v1"),
        (one("pool = 'gone'", '[[pools]]\nname = "p"\nendpoints = [{ url = "a:1" }]'), "there is no pool gone: add it"),
        (one("pool = 'p'", '[[pools]]\nname = "p"\nendpoints = [{ url = "a:1" }]'), "everybody else has none"),
        (one("kind = 'shadow'"), "x.a.pool: a shadow must not take slots from live calls"),
        (one("kind = 'holdout', seed = 3"), "x.a: a holdout makes no calls: leave out all but"),
        (one("seed = 1").replace('"a"', '"control"'), "x.control: the control is whoever is in no arm"),
        (one("seed = 1").replace("= 1,", "= 0.005,"), "0.005 is finer than 0.01"),
        (one("seed = 1").replace("= 1,", "= 101,"), "experiments.0.arms.0.percent"),
        (one("seed = 1").replace('"x"', '"new model"'), "experiments.0.name"),
        (one("seed = 1") * 2, "experiment x is there twice"),
        (one("seed = 1 }, { name = 'a', percent = 1"), "x: arm a is there twice"),
        (one("seed = 1 }, { name = 'b', percent = 99.01"), "x: the percent of its live and holdout arms is 100.01"),
    ],
)
def test_wrong_experiments_are_named_with_the_remedy(tmp_path: Path, text: str, said: str) -> None:
    """Which arm of which experiment, what is wrong with it, and what to do."""
    assert said in wrong(tmp_path, text)


def test_a_shadow_shares_its_pool_with_nobody(tmp_path: Path) -> None:
    """It would take places from the other arm."""
    shared = TABLES.replace('pool = "new"', 'pool = "beside"')
    assert "another arm has beside too" in wrong(tmp_path, shared)


def experiment_runtime(settings: Settings, model: ModelClient | None = None) -> tuple[ExperimentRuntime, PooledClient]:
    """The experiments of a worker that is not there."""
    instruments = Instruments(Health(60))
    side = ModelSide(settings, model or ScriptedModel(), None)
    arm_factory = ArmFactory(side.client, reasoning_of(settings, lambda text: len(text) // 4), instruments, owned=False)
    everybody = side.everybody()
    return ExperimentRuntime(settings, everybody, arm_factory, "w1"), everybody


async def test_arms_have_clients_of_their_own(tmp_path: Path) -> None:
    """A pool or a model of one's own is a client of one's own, with limits of its own: the shadow's too."""
    found, everybody = experiment_runtime(loaded(tmp_path, TABLES))
    assert set(found.pools) == {("new", None), ("beside", "third")}
    assert all(client.router is not everybody.router for client in found.pools.values())
    limiters = [each.limiter for each in (*everybody.replicas, *found.replicas)]
    assert len(set(map(id, limiters))) == 3


async def test_a_running_worker_takes_up_percentages_and_no_other_arms(tmp_path: Path) -> None:
    """A ramp is taken up; an arm that is another one needs a new start, and nothing changes."""
    found, _ = experiment_runtime(loaded(tmp_path, TABLES))
    ramped = loaded(tmp_path, TABLES.replace("1.05", "5.0").replace("errors = 0.01", "errors = 0.03"))
    found.check(ramped)
    await found.take_up(ramped)
    (first, _) = found.active_experiments.experiments
    assert (first.arms[0].hundredths, first.guardrails.errors) == (500, 0.03)
    with pytest.raises(SettingInvalid, match="new-model is new, or has other arms"):
        found.check(loaded(tmp_path, TABLES.replace("temperature = 0.7", "temperature = 0.8")))


async def test_an_arms_server_that_is_another_one_stops_the_start(tmp_path: Path) -> None:
    """Before anybody is asked; one that is away does not."""
    settings = loaded(tmp_path, TABLES)
    away, other = ScriptedModel(), ScriptedModel()
    away.away, other.mismatch = True, "another model"
    without, _ = experiment_runtime(settings, away)
    await without.begin()
    mistaken, _ = experiment_runtime(settings, other)
    with pytest.raises(ContractMismatch, match="another model"):
        await mistaken.begin()
