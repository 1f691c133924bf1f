"""A real model scored as people score theirs: `penchant eval --model-url` on a handful of cuts."""

from importlib import metadata
from pathlib import Path

import pytest

from sandbox.servers.llama import LlamaServer, smollm2
from streams.errors import PlatformLacks
from streams.events.decoding import encode
from tests.penchant.commands import Command
from tests.penchant.offline.test_learning import EVENTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

WITHIN_S = 400.0


@pytest.fixture
def model_file() -> Path:
    """The file of the small model."""
    try:
        metadata.version("xllamacpp")
        return smollm2()
    except (PlatformLacks, metadata.PackageNotFoundError):
        pytest.skip("NO REAL MODEL: run `make llm`")


async def test_a_real_small_model_is_scored(tmp_path: Path, model_file: Path) -> None:
    """Every cut is asked about, most are answered, none by a copy of an example; answers are kept, so that the same
    command asks no cut again."""
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(map(encode, EVENTS[:400])))
    (tmp_path / "run").mkdir()
    settings = {"PROMPT__VERSION": "v4-plain"}
    asked = ("eval", "--events", "events.jsonl", "--sessions", "4", "--answers", "answers.jsonl", "--json")
    async with LlamaServer(tmp_path / "run", model_file) as server:
        async with Command(tmp_path, settings, *asked, "--model-url", server.url) as command:
            scored = await command.ended(WITHIN_S)
        kept = (tmp_path / "answers.jsonl").read_bytes()
        async with Command(tmp_path, settings, *asked, "--model-url", server.url) as command:
            again = await command.ended(WITHIN_S)
    assert scored.status == again.status == 0, scored.err + again.err
    model = scored.report["models"]["model"]
    assert model["calls"] == scored.report["cases"] == len(kept.splitlines()) == 8
    assert model["schema_valid_share"] >= 0.6
    assert model["parroted_share"] == 0
    assert scored.report["scores"]["model"].keys() == scored.report["scores"]["rules"].keys()
    assert (tmp_path / "answers.jsonl").read_bytes() == kept
