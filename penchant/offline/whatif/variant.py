"""Variant: what is another way to run the same day, as people write it. Pure."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from clients.pools.endpoints import Endpoint, Pool, Price
from penchant.settings.root import Settings
from penchant.worker.model_side import pools
from sandbox.gpu.timing import PUBLISHED_RUNS, SECOND_OPINION, TIMINGS, Timing
from streams.errors import SettingInvalid

NAMED = {"default": Timing(), "aiconfigurator": SECOND_OPINION, "published": PUBLISHED_RUNS, **TIMINGS}
GPU = {field.name: type(getattr(Timing(), field.name)) for field in fields(Timing)}
OWN = ("gpus", "timing", "answer_tokens", "per_hour", "away")
KEYS = (
    "gpus=N, timing=NAME, gpu.PARAMETER=N, answer_tokens=N, per_hour=DOLLARS, away=FROM-TO (seconds), or a setting "
    "by its full name"
)
ANSWER_TOKENS = 80
"""Of an answer, as in `penchant estimate`, where nothing else is said."""

Load = Callable[[Mapping[str, object]], Settings]
"""The settings in force with some of them, by full name, replaced."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to run a day. Each endpoint of `pools` is a GPU of this timing; the first is away for the seconds of
    `away`. Every answer takes as long as one of `answer_tokens`."""

    name: str
    settings: Settings
    pools: tuple[Pool, ...]
    timing: Timing = field(default_factory=Timing)
    away: tuple[float, float] | None = None
    answer_tokens: int = ANSWER_TOKENS

    @property
    def gpus(self) -> int:
        """How many there are."""
        return sum(len(pool.endpoints) for pool in self.pools)

    def per_hour(self, usual: float) -> float:
        """What all of them cost by the hour; `usual` is for one that names no price."""
        return sum(endpoint.price.per_hour or usual for pool in self.pools for endpoint in pool.endpoints)


def variant(words: str, load: Load, name: str | None = None) -> Variant:
    """The one that these words tell, such as "triggers.debounce_s=2 gpus=3". SettingInvalid where they tell none."""
    given = dict(_pair(word) for word in _split(words))
    own = {key: given.pop(key) for key in list(given) if key in OWN or key.startswith("gpu.")}
    settings = load(given)
    made = Variant(name or words, settings, pools(settings), _timing(own))
    if "gpus" in own:
        number = _number("gpus", own["gpus"], int)
        made = replace(made, pools=(gpu_pool(int(number), pools(settings)),))
    if "answer_tokens" in own:
        made = replace(made, answer_tokens=int(_number("answer_tokens", own["answer_tokens"], int)))
    if "per_hour" in own:
        price = Price(float(_number("per_hour", own["per_hour"], float)))
        priced = (
            replace(each, endpoints=tuple(replace(one, price=price) for one in each.endpoints)) for each in made.pools
        )
        made = replace(made, pools=tuple(priced))
    return replace(made, away=_span(own["away"])) if "away" in own else made


def gpu_pool(number: int, before: tuple[Pool, ...]) -> Pool:
    """So many GPUs, at the price of the first endpoint of `before`."""
    price = before[0].endpoints[0].price
    return Pool("gpus", tuple(Endpoint(url=f"http://gpu{each}:8000", price=price) for each in range(number)))


def _split(words: str) -> list[str]:
    try:
        return shlex.split(words)
    except ValueError as exc:
        raise _wrong(words, f"cannot be told apart: {exc}") from None


def _pair(word: str) -> tuple[str, str]:
    key, equals, value = word.partition("=")
    if not equals or not key:
        raise _wrong(word, f"is not NAME=VALUE: {KEYS}")
    return key, value


def _timing(own: Mapping[str, str]) -> Timing:
    name = own.get("timing", "default")
    if name not in NAMED:
        raise _wrong(f"timing={name}", f"is none of {', '.join(NAMED)}")
    timing = NAMED[name]
    for key, value in own.items():
        parameter = key.removeprefix("gpu.")
        if key == parameter:
            continue
        if parameter not in GPU:
            raise _wrong(key, f"is none of {', '.join(sorted(GPU))}")
        timing = replace(timing, **{parameter: _number(key, value, GPU[parameter])})
    return timing


def _number(key: str, value: str, kind: type[Any]) -> Any:
    try:
        number = kind(value)
    except ValueError:
        raise _wrong(f"{key}={value}", f"is no {'whole number' if kind is int else 'number'}") from None
    if not 0 <= number < float("inf") or (kind is int and number < 1):
        raise _wrong(f"{key}={value}", "is out of range")
    return number


def _span(value: str) -> tuple[float, float]:
    begin, _, end = value.partition("-")
    span = _number("away", begin, float), _number("away", end, float)
    if span[0] >= span[1]:
        raise _wrong(f"away={value}", "ends before it begins")
    return span


def _wrong(what: str, why: str) -> SettingInvalid:
    return SettingInvalid(f"--with: {what} {why}", 'write it as in --with "triggers.debounce_s=2 gpus=3"')
