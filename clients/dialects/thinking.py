"""Thinking: how a model that thinks before its answer is told not to; pure."""

import re
from collections.abc import Mapping
from types import MappingProxyType

_NEVER_THINKS = re.compile(r"instruct|coder", re.IGNORECASE)
_SWITCHES: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "enable_thinking": re.compile(r"qwen-?3|glm-?4\.[5-9]|smollm3", re.IGNORECASE),
        "thinking": re.compile(r"deepseek-?v3\.[12]", re.IGNORECASE),
    }
)
"""By the variable of their chat template, the models that think unless it is false."""


def switched_off(model: str) -> Mapping[str, bool]:
    """The variables of a model's chat template that switch its thinking off; none for a model that does not think by
    default, or is not known to."""
    if _NEVER_THINKS.search(model):
        return {}
    return {switch: False for switch, models in _SWITCHES.items() if models.search(model)}
