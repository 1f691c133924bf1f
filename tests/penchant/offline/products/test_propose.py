"""penchant products propose as people call it, from a catalogue to a vocabulary in force."""

import json
from pathlib import Path

import pytest

from clients.calls import Call
from penchant.offline.products.proposal_file import proposal_text
from penchant.offline.products.propose import Bounds, ModelAsked, accept, propose, with_attributes
from penchant.settings.root import Settings
from prompts.library import packaged_templates
from prompts.products.proposing import Candidate, Proposal
from prompts.vocabulary import DEFAULT_VOCABULARY
from sandbox.servers.openai import OpenAIServer
from streams.errors import SettingInvalid
from tests.penchant.commands import run

ROWS = [json.dumps({"id": f"sku-{at}", "title": f"Shirt {at}. Color: {('teal', 'ochre')[at % 2]}"}) for at in range(40)]
FOUND = Proposal(40, tuple(Candidate("", f"word-{at}", 30 - at, ("a word",)) for at in range(25)), ())


def catalogue(folder: Path) -> Path:
    """Forty shirts in two colors."""
    path = folder / "catalogue.jsonl"
    path.write_text("\n".join(ROWS), encoding="utf-8")
    return path


def says_color(call: Call) -> str:
    """Stands in for a model's answer."""
    words = [line.partition(":")[0] for line in call.prompt.splitlines() if line.startswith("word-")]
    return json.dumps({"w": [[word, "color"] for word in words[::2]]})


async def test_what_is_accepted_stands_in_the_folder(tmp_path: Path) -> None:
    """Which may have had templates alone; a proposal is accepted once."""
    folder = tmp_path / "words"
    folder.mkdir()
    (folder / "own.txt").write_text(packaged_templates()["v1"], encoding="utf-8")
    settings = Settings.model_validate({"prompt": {"folder": str(folder)}})
    found = await propose(settings, catalogue(tmp_path), None, Bounds(40, 2, 50))
    text = proposal_text(found, settings.prompts.vocabulary).replace("close = []", 'close = ["color"]')
    (tmp_path / "p.toml").write_text(text, encoding="utf-8")
    path, vocabulary = accept(settings, tmp_path / "p.toml")
    assert path == folder / "vocabulary.toml"
    assert (vocabulary.version, set(vocabulary.attributes["color"])) == (2, {"ochre", "teal"})
    written = path.read_text(encoding="utf-8")
    with pytest.raises(SettingInvalid, match="version 2 is there"):
        accept(settings, tmp_path / "p.toml")
    assert path.read_text(encoding="utf-8") == written
    assert not list(folder.glob(".*"))


def test_nothing_is_written_into_a_folder_that_would_not_load(tmp_path: Path) -> None:
    """A template that broke since: workers could not start with it."""
    (tmp_path / "own.txt").write_text(packaged_templates()["v1"], encoding="utf-8")
    settings = Settings.model_validate({"prompt": {"folder": str(tmp_path)}})
    (tmp_path / "p.toml").write_text(
        'version = 1\nclose = ["color"]\n[[values]]\nattribute = "color"\nvalue = "teal"\n', encoding="utf-8"
    )
    (tmp_path / "own.txt").write_text("no template", encoding="utf-8")
    with pytest.raises(SettingInvalid, match=r"own\.txt"):
        accept(settings, tmp_path / "p.toml")
    assert not (tmp_path / "vocabulary.toml").exists()


@pytest.mark.slow
async def test_a_person_accepts_what_was_proposed(tmp_path: Path) -> None:
    """Nothing is in force before; the folder's vocabulary begins as the packaged one."""
    catalogue(tmp_path)
    folder = tmp_path / "words"
    variables: dict[str, object] = {}
    told = await run(tmp_path, variables, "products", "propose", "--in", "catalogue.jsonl", "--out", "p.toml")
    assert told.status == 0, told.err
    assert "2 values proposed, 2 of them with an attribute" in told.out
    accepting = ("products", "propose", "--accept", "p.toml", "--folder", "words")
    refused = await run(tmp_path, variables, *accepting)
    assert not folder.exists()
    assert refused.status != 0
    assert "color takes any word now" in refused.err
    text = (tmp_path / "p.toml").read_text(encoding="utf-8")
    (tmp_path / "p.toml").write_text(text.replace("close = []", 'close = ["color"]'), encoding="utf-8")
    done = await run(tmp_path, variables, *accepting)
    assert done.status == 0, done.err
    assert "version 2" in done.out
    assert "set prompt.folder to words" in done.out
    settings = Settings.model_validate({"prompt": {"folder": str(folder)}})
    assert set(settings.prompts.vocabulary.attributes["color"]) == {"ochre", "teal"}


def test_nothing_is_accepted_without_a_folder(tmp_path: Path) -> None:
    """The packaged file is never written."""
    with pytest.raises(SettingInvalid, match=r"prompt\.folder is not set"):
        accept(Settings(), tmp_path / "p.toml")


async def test_a_sample_is_spread_and_the_same_each_time(tmp_path: Path) -> None:
    """Ten of forty, by their ids alone."""
    asked = Settings(), catalogue(tmp_path), None, Bounds(10, 2, 50)
    one, other = await propose(*asked), await propose(*asked)
    assert one == other
    assert one.products == 10
    assert {each.value for each in one.values} == {"ochre", "teal"}


async def test_a_model_names_attributes_of_words_some_at_a_time() -> None:
    """Those it names one for come first; an answer that is none names none."""
    calls: list[Call] = []

    async def ask(call: Call) -> str:
        calls.append(call)
        return says_color(call) if len(calls) == 1 else "no idea"

    found = await with_attributes(FOUND, DEFAULT_VOCABULARY, ask)
    assert [each.value for each in found.values[:10]] == [f"word-{at}" for at in range(0, 20, 2)]
    assert {each.attribute for each in found.values[:10]} == {"color"}
    assert {each.attribute for each in found.values[10:]} == {""}
    assert [call.traffic_class for call in calls] == ["batch", "batch"]


@pytest.mark.slow
async def test_a_model_that_answers_otherwise_takes_nothing_away(tmp_path: Path) -> None:
    """By a real server: the simulated model knows no such question."""
    rows = [json.dumps({"id": f"sku-{at}", "title": "kettle" if at % 5 else "quiet"}) for at in range(40)]
    (tmp_path / "catalogue.jsonl").write_text("\n".join(rows), encoding="utf-8")
    async with OpenAIServer(tmp_path) as server:
        asked = Settings(), tmp_path / "catalogue.jsonl", None, Bounds(40, 2, 50), ModelAsked(server.url)
        found = await propose(*asked)
    assert [(each.attribute, each.value, each.products) for each in found.values] == [("", "quiet", 8)]
