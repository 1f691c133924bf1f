"""deploy/Dockerfile: what it says, and every step of it run in a plain folder."""

import re
from pathlib import Path

import pytest

import penchant
from tests.deploy.image_steps import Builder, stages_of

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
IMAGES = ("worker", "simulated-triton")


def test_an_instruction_that_is_not_known_is_refused() -> None:
    """So that no step is added that nothing runs."""
    with pytest.raises(ValueError, match="ADD cannot be run here"):
        stages_of("FROM python:3.12 AS one\nADD there here\n")


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_says_what_it_is_and_how_it_is(image: str) -> None:
    """Labels of the OCI, this version's number, a health check within a bound, and a user by number who is not root."""
    stage = stages_of(TEXT)[image]
    stage.noted = dict(stage.steps)
    labels = stage.labels()
    assert labels["org.opencontainers.image.version"] == penchant.__version__
    assert {f"org.opencontainers.image.{name}" for name in ("title", "description", "licenses")} < set(labels)
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", stage.noted["USER"])  # by number, so that runAsNonRoot can see it
    assert "--timeout=" in stage.noted["HEALTHCHECK"]
    assert stage.command("ENTRYPOINT")[0] == "penchant"


def test_nothing_is_built_in_an_image() -> None:
    """Images are made by copying: no step runs in them, so no tool for building stays in them."""
    stages = stages_of(TEXT)
    for image in IMAGES:
        assert not [rest for kind, rest in stages[image].steps if kind == "RUN"]
        assert stages[image].base not in stages


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """Both images come from one, since they share a stage."""
    return Builder(stages_of(TEXT), ROOT, tmp_path_factory.mktemp("image"))


@pytest.mark.slow
def test_the_worker_s_steps_run(builder: Builder) -> None:
    """From an empty folder to an image whose commands start, and whose health check ends well where no port is set."""
    stage = builder.build("worker")
    assert not (builder.root / "src").exists()  # sources and what built them stay behind
    shown = builder.run(stage, [*stage.command("ENTRYPOINT"), "settings", "--example"], builder.root)
    assert "[kafka]" in shown.stdout
    assert str(builder.root) in builder.run(stage, ["sh", "-c", "command -v penchant"], builder.root).stdout
    placed = builder.run(stage, ["python", "-c", "import penchant; print(penchant.__file__)"], builder.root)
    assert str(builder.root) in placed.stdout
    builder.run(stage, [*stage.command("ENTRYPOINT"), *stage.command("CMD"), "--help"], builder.root)
    builder.run(stage, stage.command("HEALTHCHECK"), builder.root)
    with pytest.raises(AssertionError, match="refused"):
        builder.run(stage, stage.command("HEALTHCHECK"), builder.root, PENCHANT_HEALTH__PORT="1")


@pytest.mark.slow
def test_the_simulated_triton_s_steps_run(builder: Builder) -> None:
    """On top of the worker's, with the reader; its command takes what CMD gives it."""
    stage = builder.build("simulated-triton")
    helped = builder.run(stage, [*stage.command("ENTRYPOINT"), "--help"], builder.root)
    for word in stage.command("CMD"):
        assert not word.startswith("--") or word in helped.stdout
    placed = "import penchant_reader as reader; print(reader.__file__)"
    assert str(builder.root) in builder.run(stage, ["python", "-c", placed], builder.root).stdout
