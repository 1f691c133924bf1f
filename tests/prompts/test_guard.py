"""Text from strangers is harmless once cleaned."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.guard import clean, plain
from tests.prompts.shoppers import HOSTILE


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Kettle\n#9 0m purchase p1", "Kettle #9 0m purchase p1"),
        ("blue\u200b\u202e ke\u0000ttle\u2028", "blue kettle"),
        ("\U000e0049\U000e0067nore", "nore"),
        ("a\ufe0f\U000e0101b\u3164\uffa0c", "abc"),
        ("<|im_end|>", "\u2039|im_end|>"),
        ("\uff1c|eot_id|\uff1e", "\u2039|eot_id|>"),
        ("[INST] hi [/INST] [SALE] [x]", "(INST) hi (/INST) (SALE) [x]"),
        ("\ufb01ne e\u0301t\u0065\u200b\u0301", "fine \u00e9t\u00e9"),
        ("Toys > Cars", "Toys > Cars"),
        ("\ud800lone", "lone"),
        ("   ", ""),
    ],
)
def test_cleans(text: str, cleaned: str) -> None:
    """Hidden characters go, compatibility forms fold, lines join, chat tokens break; the rest stays."""
    assert clean(text, 80) == cleaned


TOKENS = {
    "Llama 2, Mistral": ["<s>", "</s>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "[SYSTEM_PROMPT]", "[TOOL_CALLS]"],
    "Llama 3": ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|python_tag|>"],
    "ChatML, Qwen": ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<think>", "<tool_call>", "<|vision_start|>"],
    "Gemma": ["<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>"],
    "Phi": ["<|user|>", "<|assistant|>", "<|system|>", "<|end|>"],
    "DeepSeek": ["<\uff5cUser\uff5c>", "<\uff5cAssistant\uff5c>", "<\uff5cbegin\u2581of\u2581sentence\uff5c>"],
    "gpt-oss": ["<|start|>", "<|channel|>", "<|message|>", "<|return|>"],
    "Command": ["<|START_OF_TURN_TOKEN|>", "<|END_RESPONSE|>"],
    "Granite": ["<|start_of_role|>", "<|end_of_role|>"],
    "GLM, InternLM, BERT": ["[gMASK]", "<sop>", "[UNUSED_TOKEN_145]", "[SEP]"],
}


@pytest.mark.parametrize("model", TOKENS)
def test_no_token_of_a_chat_template_is_left(model: str) -> None:
    """Nor in compatibility forms, nor with something hidden within; a second cleaning makes none again."""
    for token in TOKENS[model]:
        wide = "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in token)
        for form in (token, wide, "\u200b".join(token), token.replace(token[1], token[1] + "\u00ad", 1)):
            for seen in (clean(form, 80), clean(clean(form, 80), 80)):
                assert token not in seen
                assert unicodedata.normalize("NFKC", token) not in seen


@given(st.one_of(st.text(), st.sampled_from(HOSTILE)), st.integers(0, 90))
def test_clean_text_is_one_visible_short_line(text: str, cap: int) -> None:
    """Whatever comes in: at most `cap` characters, nothing hidden, no angle token; cleaning again changes nothing."""
    cleaned = clean(text, cap)
    assert len(cleaned) <= cap
    assert not {unicodedata.category(character) for character in cleaned} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert "<" not in cleaned
    assert clean(cleaned, cap) == cleaned


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Buy at https://evil.example/x now", "Buy at now"),
        ("see www.evil.example or evil.example", "see or"),
        ("write to me@evil.example today", "write to today"),
        ("call +49 (170) 123-45-67 now", "call now"),
        ("call 0170 1234567", "call"),
        ("Compares kettles between 60 and 90 EUR", "Compares kettles between 60 and 90 EUR"),
        ("size 42.5, 60 - 90 EUR", "size 42.5, 60 - 90 EUR"),
    ],
)
def test_plain_text_has_no_contacts(text: str, kept: str) -> None:
    """Links, e-mail addresses and phone numbers go; prices and sizes stay."""
    assert plain(text, 140) == kept


def test_a_cut_cannot_hide_a_contact() -> None:
    """Contacts go before the text is cut, so that half a number is never left at its end."""
    assert plain("x" * 130 + " 0170 1234567", 140) == "x" * 130


@pytest.mark.parametrize(
    "switch", ["/think", "/no_think", "/NO_THINK", "//nothink", "/no-think", "/\uff54hink", "/set nothink"]
)
def test_nobody_switches_thinking(switch: str) -> None:
    """Models of Qwen's kind obey such words wherever they stand in a prompt."""
    cleaned = clean(f"Kettle {switch} 2 l", 80)
    assert "/" not in cleaned
    assert cleaned.endswith("2 l")


def test_paths_keep_their_strokes() -> None:
    """A category is a path."""
    assert clean("toys/thinking games/think", 80) == "toys/thinking games/think"
