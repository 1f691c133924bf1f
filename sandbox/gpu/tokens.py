"""What a token is to the simulated model: so many characters."""

import math

CHARACTERS_PER_TOKEN = 4


def tokens(text: str) -> int:
    """How many tokens a text is here; at least one."""
    return max(math.ceil(len(text) / CHARACTERS_PER_TOKEN), 1)
