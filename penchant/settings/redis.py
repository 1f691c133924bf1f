"""Settings of the way out: Redis, and the intents in it."""

from typing import Annotated

from pydantic import Field

from penchant.settings.section import Milliseconds, Products, Seconds, Section, Words, Writes, form, unit

RedisUrl = Annotated[
    str,
    Field(pattern=r"^(rediss?|unix)://\S+$"),
    form("redis://[user:password@]host:port/database, rediss:// for TLS, or unix:///path"),
]
Namespace = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$"),
    form("up to 64 letters, digits and . _ : -, no braces (they choose the cluster slot)"),
]
Label = Annotated[str, Field(min_length=1, max_length=60), form("1 to 60 characters")]


class Redis(Section):
    """Where intents and contexts are kept."""

    url: RedisUrl = "redis://localhost:6379/0"
    """The server, or any node of a cluster. A password in it is never shown."""
    cluster: bool = False
    """Whether it is a Redis Cluster. All keys of a shopper lie in one slot."""
    namespace: Namespace = "penchant"
    """The first part of every key. One namespace reads exactly one event topic."""
    timeout_s: Seconds = 0.5
    """How long one round trip may take before Redis counts as away."""
    pipeline: Writes = 128
    """The most writes in one pipeline. Twice as many hold up the event loop for twice as long (about 7 ms)."""
    gather_ms: Milliseconds = 2.0
    """How long a write may wait for others to fill its pipeline."""


class Knowledge(Section):
    """What the shop says of its products: one line each, in Redis, for the prompts of those who look at them."""

    enabled: bool = False
    """Whether to read it. Prompts tell it from version v2 on."""
    timeout_ms: Annotated[float, Field(gt=0, le=1_000), unit("milliseconds")] = 20.0
    """The longest that a call waits for it. What does not come in time is not told."""
    hold_s: Seconds = 3_600.0
    """How long a line, or its absence, is held before it is read again. While it is held, prompts keep their
    beginning."""
    max_products: Products = 50_000
    """The most products whose lines are held, on one worker."""


class Intent(Section):
    """What is promised to rankers."""

    ttl_s: Seconds = 86_400.0
    """An intent expires this long after its last event (event time: an old replay cannot revive it)."""
    context_margin_s: Seconds = 3_600.0
    """A session context outlives its session's gap by at least this much, counted from the write."""
    missions: Annotated[tuple[Label, ...], Words] = (
        "replace-or-repair",
        "upgrade",
        "complete-a-set",
        "restock",
        "gift",
        "occasion",
        "seasonal",
        "new-hobby",
        "home-project",
        "bargain-hunt",
        "research",
        "just-looking",
    )
    """The labels that a mission may have; anything else becomes `other`."""
