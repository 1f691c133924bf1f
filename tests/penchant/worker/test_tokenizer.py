"""A model's tokenizer.json counts as the model will."""

import sys
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

from penchant.worker.tokenizer import tokenizer
from prompts.budget import BLOCK, PromptRules
from prompts.library import DEFAULT_PROMPTS
from prompts.render import PromptRenderer
from prompts.tokens import estimate
from streams.errors import PlatformLacks, SettingInvalid
from streams.events.event import Item
from tests.prompts.shoppers import KETTLE, SHOES, folded, shopper

PROMPT = PromptRenderer("v1").render(shopper(("search", "blue kettle"), ("view", KETTLE), ("view", SHOES))).text


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small byte-level tokenizer that knows the words of a prompt."""
    model = Tokenizer(BPE())
    model.pre_tokenizer = ByteLevel(add_prefix_space=False)
    model.train_from_iterator([PROMPT], BpeTrainer(vocab_size=400, initial_alphabet=ByteLevel.alphabet()))
    path = tmp_path / "tokenizer.json"
    model.save(str(path))
    return path


def test_counts_as_the_model_does(file: Path) -> None:
    """Word by word, the count is that of the whole text."""
    whole = Tokenizer.from_file(str(file))
    count = tokenizer(file)
    for text in (PROMPT, *PROMPT.splitlines(), "", 'a "\u00e9" \U0001f600'):
        assert count(text) == len(whole.encode(text, add_special_tokens=False).ids)
    assert count(PROMPT) != estimate(PROMPT)


def test_a_prompt_keeps_to_its_marks_by_that_count(file: Path) -> None:
    """Over a long session no prompt passes the high mark, as the tokenizer counts it."""
    count, session = tokenizer(file), shopper()
    fixed = -(-count(PROMPT) // BLOCK)
    budget = PromptRules(high_tokens=(fixed + 16) * BLOCK, low_tokens=(fixed + 12) * BLOCK)
    renderer = PromptRenderer("v1", DEFAULT_PROMPTS, budget, count)
    cut = set()
    for number in range(40):
        folded(
            [
                (
                    "view",
                    [Item(f"sku-{number}", f"Kettle {number} of brushed steel, quiet, for travel", "kettles")],
                    None,
                    1_000,
                )
            ],
            session,
        )
        assert count(renderer.render(session).text) <= budget.high_tokens
        cut.add(renderer.view(session).dropped - session.dropped)
    assert len(cut) > 1


def test_without_a_file_it_is_estimated() -> None:
    """The library is not needed then."""
    assert tokenizer(None) is estimate


def test_without_the_library_the_remedy_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an optional extra."""
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(PlatformLacks, match=r"penchant\[tokens\]"):
        tokenizer(file)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b'{"model": 7}'])
def test_another_file_is_a_wrong_setting(tmp_path: Path, content: bytes) -> None:
    """It says which file, and what to name instead."""
    path = tmp_path / "tokenizer.json"
    path.write_bytes(content)
    with pytest.raises(SettingInvalid, match=r"tokenizer\.json"):
        tokenizer(path)
