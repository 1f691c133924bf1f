"""A job over a catalogue: its order, what is kept, and what a second run costs."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from agents.products.understanding import Understanding
from clients.calls import Call, Completion, Sampling
from penchant.offline.products.columns import Columns
from penchant.offline.products.job import Catalogue, Report, run
from penchant.offline.products.kept import kept
from penchant.offline.products.writing import Format
from prompts.products.asking import ProductPrompts
from prompts.vocabulary import DEFAULT_VOCABULARY
from sandbox.gpu.simulated_model import answer
from streams.errors import ModelUnavailable, PromptTooLong, SettingInvalid
from streams.records.products import Understood

PROMPTS = ProductPrompts(DEFAULT_VOCABULARY)
COLUMNS = Columns(description="text", price="price")


@dataclass
class FakeModel:
    """Answers as the simulated model does, or as `says` of the call's number; notes prompts."""

    prompts: list[str] = field(default_factory=list)
    garbled: frozenset[int] = frozenset()
    fails_at: int = -1
    too_long: str = "no such words"

    async def ask(self, call: Call) -> Completion:
        """The answer."""
        number = len(self.prompts)
        self.prompts.append(call.prompt)
        if self.too_long in call.prompt:
            raise PromptTooLong("2,100 tokens, 2,048 fit")
        if number == self.fails_at:
            raise ModelUnavailable("gone")
        text = "hm" if number in self.garbled else answer(call.prompt)
        return Completion(text, "fake", "fake", input_tokens=100, output_tokens=10)


class Counted:
    """Progress that nobody sees."""

    rows = 0

    def advance(self, steps: int) -> None:
        """So many more."""
        self.rows += steps


def catalogue(folder: Path, rows: list[dict[str, Any]]) -> Catalogue:
    """The rows as a file."""
    path = folder / "catalogue.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return Catalogue(path, COLUMNS, PROMPTS)


def rows(many: int) -> list[dict[str, Any]]:
    """Products with texts of their own; every seventh row is none."""
    return [
        {"id": f"sku-{at}" if at % 7 else "", "title": f"Kettle {at}", "text": "Blue. A gift.", "price": at}
        for at in range(1, many + 1)
    ]


@asynccontextmanager
async def understanding(
    folder: Path, model: FakeModel, sampling: Sampling | None = None, name: str = "fake"
) -> AsyncIterator[Understanding]:
    """One that keeps its answers in the folder."""
    async with kept(folder / "answers.sqlite") as answers:
        yield Understanding(model.ask, name, PROMPTS, sampling or Sampling(), answers)


async def done(
    folder: Path, table: list[dict[str, Any]], model: FakeModel, *, form: Format = "jsonl", **how: Any
) -> Report:
    """What a run comes to."""
    async with understanding(folder, model, **how) as one:
        return await run(catalogue(folder, table), one, folder, form=form, at_once=4, publish=None, progress=Counted())


def results(folder: Path) -> list[dict[str, Any]]:
    """The rows that were written."""
    return [json.loads(line) for line in (folder / "products.jsonl").read_bytes().splitlines()]


def unfinished(folder: Path) -> list[Path]:
    """Files that were begun and not ended."""
    return list(folder.glob(".*.new"))


async def test_products_come_in_the_order_of_their_rows_and_rejects_apart(tmp_path: Path) -> None:
    """No row is lost, none is in twice."""
    report = await done(tmp_path, rows(50), FakeModel())
    assert [each["product"] for each in results(tmp_path)] == [f"sku-{at}" for at in range(1, 51) if at % 7]
    refused = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_bytes().splitlines()]
    assert [each["row"] for each in refused] == [at for at in range(1, 51) if not at % 7]
    assert (report.products, report.rejected, report.calls, report.input_tokens) == (43, 7, 43, 4_300)
    assert results(tmp_path)[0]["facts"] == [{"name": "color", "value": "blue", "quote": "Blue. A gift", "parts": 1}]


async def test_a_product_that_does_not_fit_into_the_model_stops_nothing(tmp_path: Path) -> None:
    """It goes to the rejects by its id."""
    report = await done(tmp_path, rows(6), FakeModel(too_long="Kettle 3"))
    [refused] = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_bytes().splitlines()]
    assert refused == {"row": None, "id": "sku-3", "reason": "2,100 tokens, 2,048 fit"}
    assert (report.products, report.rejected) == (5, 1)


async def test_a_second_run_calls_changed_texts_alone(tmp_path: Path) -> None:
    """Another price is on the card without a call; another text, model, seed or vocabulary is asked about."""
    table = rows(20)
    await done(tmp_path, table, FakeModel())
    model = FakeModel()
    table[0]["text"], table[1]["price"] = "Red. A present.", 99
    report = await done(tmp_path, table, model)
    assert (report.calls, report.kept, len(model.prompts)) == (1, 17, 1)
    assert "Red. A present." in model.prompts[0]
    assert results(tmp_path)[1]["price"] == 99
    for how in ({"sampling": Sampling(seed=9)}, {"sampling": Sampling(temperature=0.5)}, {"name": "larger"}):
        assert (await done(tmp_path, table, FakeModel(), **how)).calls == 18
    assert (await done(tmp_path, table, FakeModel())).calls == 0


async def test_a_model_that_goes_away_costs_nothing_that_was_answered(tmp_path: Path) -> None:
    """The run fails, the old results stay, and the next run asks for the rest."""
    await done(tmp_path, rows(5), FakeModel())
    before = results(tmp_path)
    with pytest.raises(ModelUnavailable):
        await done(tmp_path, rows(50), FakeModel(fails_at=20))
    assert results(tmp_path) == before
    assert not unfinished(tmp_path)
    report = await done(tmp_path, rows(50), FakeModel())
    assert report.products == 43
    assert report.kept >= 20
    assert report.calls + report.kept == 43


async def test_an_answer_that_is_none_is_asked_for_once_more(tmp_path: Path) -> None:
    """With another seed; then the product stands without what the text says, and a second run asks nobody again."""
    model = FakeModel(garbled=frozenset({0, 1}))
    report = await done(tmp_path, rows(1), model)
    assert (report.calls, report.refused_parts, report.products) == (2, 1, 1)
    assert (await done(tmp_path, rows(1), FakeModel())).calls == 0
    report = await done(tmp_path, [rows(1)[0] | {"text": "Other."}], FakeModel(garbled=frozenset({0})))
    assert (report.calls, report.refused_parts) == (2, 0)


async def test_a_long_text_is_asked_about_in_parts(tmp_path: Path) -> None:
    """And what they say is put together."""
    model = FakeModel()
    table = [rows(1)[0] | {"text": " ".join(f"It whistles at {at} degrees." for at in range(1_000)) + " Blue."}]
    report = await done(tmp_path, table, model)
    assert report.calls == len(model.prompts) > 3
    [row] = results(tmp_path)
    assert row["facts"][0]["value"] == "blue"


async def test_parquet_has_the_same_rows(tmp_path: Path) -> None:
    """As JSON lines."""
    await done(tmp_path, rows(10), FakeModel())
    await done(tmp_path, rows(10), FakeModel(), form="parquet")
    assert parquet.read_table(tmp_path / "products.parquet").to_pylist() == results(tmp_path)


async def test_what_is_understood_is_published(tmp_path: Path) -> None:
    """Each product once."""
    told: list[Understood] = []

    async def publish(some: list[Understood]) -> None:
        told.extend(some)

    async with understanding(tmp_path, FakeModel()) as one:
        made = catalogue(tmp_path, rows(600))
        await run(made, one, tmp_path, form="jsonl", at_once=8, publish=publish, progress=Counted())
    assert [each.product for each in told] == [each["product"] for each in results(tmp_path)]


async def test_a_file_that_holds_no_answers_is_named(tmp_path: Path) -> None:
    """It may be of something else: it stays as it is."""
    path = tmp_path / "answers.sqlite"
    path.write_bytes(b"something else, and long enough to be taken for a database" * 20)
    with pytest.raises(SettingInvalid, match="cannot be used"):
        async with kept(path):
            pass
    assert path.read_bytes().startswith(b"something else")


async def test_an_outage_is_told_at_once_whoever_meets_it(tmp_path: Path) -> None:
    """A row before it, whose own call hangs until its deadline, is not waited for."""
    hung = asyncio.Event()

    class Hangs(FakeModel):
        async def ask(self, call: Call) -> Completion:
            if '"Kettle 1"' in call.prompt:
                await hung.wait()
            return await super().ask(call)

    with pytest.raises(ModelUnavailable):
        async with asyncio.timeout(10):
            await done(tmp_path, rows(4), Hangs(fails_at=1))
