"""Thinking: what a model writes before its answer, and where the answer begins; pure."""

import re

_TAGS = r"(?:seed:)?(?:think|thinking|thought|thoughts|reasoning|reflection)"
_END = re.compile(rf"</{_TAGS}>|\[/THINK\]|<\|channel\|>final<\|message\|>", re.IGNORECASE)
_BEGIN = re.compile(rf"\s*(?:<{_TAGS}>|\[THINK\]|<\|channel\|>analysis)", re.IGNORECASE)


def answer_after(text: str) -> str:
    """What stands after the thoughts; nothing when they never ended. An answer that begins with its object has none."""
    if text.lstrip().startswith("{"):
        return text
    if ends := list(_END.finditer(text)):
        return text[ends[-1].end() :]
    return "" if _BEGIN.match(text) else text
