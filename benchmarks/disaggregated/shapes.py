"""Shapes: what requests look like, by the source that asks for disaggregation and by our own prompts. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from random import Random
from typing import NamedTuple

from sandbox.gpu.tokens import CHARACTERS_PER_TOKEN


class Asked(NamedTuple):
    """A request: when it comes, in milliseconds, its prompt, how long its answer is, and whose it is."""

    at_ms: float
    prompt: str
    output_tokens: int
    shopper: int


@dataclass(frozen=True, slots=True)
class Shape:
    """Prompts begin with `shared_tokens` that are in all of them; then comes what is the shopper's own, of `own_tokens`
    in the first prompt, and `more_tokens` more in each of `turns`. At the 95th percentile the first token may come so
    late, tokens be so far apart, and the whole take so long."""

    name: str
    shared_tokens: int
    own_tokens: tuple[int, int]
    more_tokens: int
    turns: int
    output_tokens: int
    first_token_ms: float = inf
    between_tokens_ms: float = inf
    whole_ms: float = inf

    def requests(self, rate: float, seconds: float, seed: int = 1) -> Iterator[Asked]:
        """So many a second, as a Poisson process; a shopper comes back in the place of a new one."""
        random = Random(seed)
        shared = _text(Random(0), self.shared_tokens)
        most_open = max(int(rate * 20), 1)
        open_: list[tuple[int, int, str]] = []
        at_ms, shoppers = 0.0, 0
        while (at_ms := at_ms + random.expovariate(rate) * 1e3) < seconds * 1e3:
            if len(open_) < most_open:
                shoppers += 1
                shopper, turn, own = shoppers, 1, _text(random, random.randint(*self.own_tokens))
            else:
                shopper, turn, own = open_.pop(random.randrange(len(open_)))
                turn, own = turn + 1, own + _text(random, self.more_tokens)
            if turn < self.turns:
                open_.append((shopper, turn, own))
            yield Asked(at_ms, shared + own, self.output_tokens, shopper)


SOURCE = Shape("2,000 to 4,000 in, 200 out", 0, (2_000, 4_000), 0, 1, 200, 2_000.0, 40.0)
"""Nothing is shared, and each shopper asks once; a person reads as the tokens come."""

OURS = Shape("our own: 470 in, 80 out", 340, (60, 200), 20, 8, 80, whole_ms=4_000.0)
"""About as `penchant whatif` plays REES46's sample: most of a prompt is found in the KV cache. An intent is read when
it is whole, and is fresh within five seconds, one of which is the debounce."""

SESSIONS = Shape("2,000 to 4,000 in of a session of eight calls", 340, (1_660, 3_660), 60, 8, 80)
"""Where a cache is worth most: a long history, to which little is added."""


def _text(random: Random, tokens: int) -> str:
    return "".join(f"{random.getrandbits(16):0{CHARACTERS_PER_TOKEN}x}" for _ in range(tokens))
