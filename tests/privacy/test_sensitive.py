"""Sensitive: what nobody is to be judged by, planted in any text of any dialect, comes out nowhere.

The way is the worker's own, as in tests/privacy/test_privacy.py, with a model that says whatever it read.
"""

from collections.abc import Iterator

import orjson
import pytest

from penchant.telemetry.metrics.exposition import exposition
from sandbox.servers.redis import RedisServer
from streams.events.phrases import stems
from streams.events.privacy import PrivacyRules
from streams.events.sensitive_topics import TOPICS
from tests.privacy.sensitive_planting import SENSITIVE, sensitive
from tests.privacy.test_privacy import EACH_DIALECT, Scene, scene, worked

NAMED = [" ".join(stems(text)) for text in SENSITIVE.values()]


def leaks(text: str) -> Iterator[str]:
    """What of the planted can be seen, however it is spelt."""
    seen = " ".join(stems(text))
    yield from (secret for secret in NAMED if secret in seen)


async def everything(made: Scene) -> list[tuple[str, str]]:
    """All that came out, with where it was found."""
    found = [("prompt", each) for each in made.model.prompts]
    found += [(key, value.decode(errors="replace")) async for key, value in made.stored()]
    found += [("log", made.logs.getvalue()), ("letter", "\n".join(made.letters.told))]
    found += [("metrics", exposition(made.instruments)("")[0].decode())]
    return found + [("rekeyed", _kept(value)) for value in made.rekeyed]


@pytest.mark.redis
@pytest.mark.parametrize("name", EACH_DIALECT)
async def test_what_is_sensitive_comes_out_nowhere(name: str, redis_server: RedisServer) -> None:
    """Not in a prompt, intent, context, log, metric, dead letter's headers or rekeyed event; and it is counted, by
    topic."""
    async with scene(redis_server) as made:
        await worked(made, list(sensitive(name)))
        leaked = [(place, secret) for place, text in await everything(made) for secret in leaks(text)]
        assert leaked == [], leaked
        meter = made.instruments.meter
        assert meter.withheld > 10
        assert {pattern for _, pattern in meter.sensitive} == set(TOPICS)
        assert {handling for handling, _ in meter.sensitive} == {"drop"}


@pytest.mark.redis
async def test_what_is_allowed_comes_out(redis_server: RedisServer) -> None:
    """The search of the test above finds what a shop lets in."""
    async with scene(redis_server) as made:
        await worked(made, list(sensitive("native")), PrivacyRules(allow=TOPICS))
        places = {place.split(":")[0] for place, text in await everything(made) if list(leaks(text))}
        assert places >= {"prompt", made.namespace, "rekeyed"}
        assert made.instruments.meter.withheld == 0


@pytest.mark.redis
async def test_what_is_made_coarse_comes_out_by_its_broadest_category(redis_server: RedisServer) -> None:
    """A topic that is coarsened leaves no title, brand, search, price or id."""
    async with scene(redis_server) as made:
        await worked(made, list(sensitive("native")), PrivacyRules(coarsen=TOPICS))
        found = await everything(made)
        assert [secret for _, text in found for secret in leaks(text)] == []
        coarse = [text for place, text in found if place == "rekeyed" and "coarse-" in text]
        assert coarse
        assert all("'category': 'home'" in text and "Kettle" not in text and "Acme" not in text for text in coarse)


def _kept(value: bytes) -> str:
    document = orjson.loads(value)
    return str({name: text for name, text in document.items() if name not in ("session_id", "order_id")})
