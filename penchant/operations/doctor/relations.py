"""Relations: settings that are good one by one and bad together. Pure."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from agents.worker.parking import PATIENCE
from penchant.operations.doctor.findings import ERROR, INFO, WARNING, Finding, Severity
from penchant.settings.root import Settings
from penchant.telemetry.traces.tracing import TEXTS
from penchant.worker.model_side import pools

LOCAL = frozenset({"localhost", "127.0.0.1", "::1", None})


def relations(settings: Settings, memory_bytes: int) -> list[Finding]:
    """What to say of the settings, on a machine with so much memory."""
    rules = (
        _liveness(settings),
        _freshness(settings),
        _losses(settings),
        _sizes(settings, memory_bytes),
        _secrets(settings),
        _kept(settings),
        _traced(settings),
        _learned(settings),
        _shown(settings),
    )
    findings = [Finding("settings", *told) for rule in rules for told in rule]
    return findings or [Finding("settings", INFO, "every one is valid, and they fit each other")]


Told = tuple[Severity, str, str]


def _liveness(settings: Settings) -> Iterator[Told]:
    """What stays uncovered for longer than `health.bound_s` looks like a worker that hangs."""
    bound_s, park_after_s = settings.health.bound_s, settings.backlog.park_after_s
    holds = (
        ("dead_letters.window_s", settings.dead_letters.window_s, 1),
        ("backlog.park_after_s", park_after_s, PATIENCE),
        ("calls.deadline_s", settings.calls.deadline_s, 1),
    )
    for name, held_s, times in holds:
        if held_s * times >= bound_s:
            longer = f", {held_s * times:g} s while ingest is behind" if times > 1 else ""
            found = f"{name} ({held_s:g} s{longer}) is not below health.bound_s ({bound_s:g} s): "
            yield (
                ERROR,
                found + "a worker that is well looks hung",
                f"set {name} well below that, or raise health.bound_s",
            )
    if not settings.health.port:
        yield (
            INFO,
            "health.port is 0: no /ready, /alive and /metrics",
            "set it where an orchestrator or Prometheus asks",
        )


def _freshness(settings: Settings) -> Iterator[Told]:
    """Targets that cannot be met."""
    backlog, triggers = settings.backlog, settings.triggers
    pairs = (
        ("triggers.max_wait_s", triggers.max_wait_s, "backlog.freshness_target_s", backlog.freshness_target_s),
        ("triggers.min_interval_s", triggers.min_interval_s, "backlog.freshness_target_s", backlog.freshness_target_s),
        ("redis.timeout_s", settings.redis.timeout_s, "backlog.urgent_target_s", backlog.urgent_target_s),
    )
    for name, value_s, target, target_s in pairs:
        if value_s >= target_s:
            found = f"{name} ({value_s:g} s) leaves nothing of {target} ({target_s:g} s): all who wait are late"
            yield WARNING, found, f"lower {name}, or raise {target}"
    if settings.intent.ttl_s < settings.session.gap_s:
        found = f"intent.ttl_s ({settings.intent.ttl_s:g} s) is below session.gap_s ({settings.session.gap_s:g} s)"
        yield WARNING, f"{found}: an intent may expire while its session is open", "raise intent.ttl_s"


def _losses(settings: Settings) -> Iterator[Told]:
    """What would lose events, or work."""
    if settings.kafka.topic == settings.kafka.dead_letter_topic:
        found = "kafka.topic and kafka.dead_letter_topic are the same: each refused event would be refused for ever"
        yield ERROR, found, "give the dead letters a topic of their own"
    if not settings.commit.lag_s:
        found = "commit.lag_s is 0: what Redis loses in a failover is never read again"
        yield WARNING, found, "set it above Redis's fsync interval and replication lag, 10 s say"
    if settings.triggers.max_events > settings.session.high_rows:
        found = (
            f"triggers.max_events ({settings.triggers.max_events}) is above session.high_rows "
            f"({settings.session.high_rows}): lines are dropped that no call has seen"
        )
        yield WARNING, found, "lower triggers.max_events, or raise session.high_rows"


def _sizes(settings: Settings, memory_bytes: int) -> Iterator[Told]:
    if settings.backlog.max_bytes > 0.8 * memory_bytes:
        have = f"backlog.max_bytes is {settings.backlog.max_bytes:,}, this machine has {memory_bytes:,} bytes"
        yield (
            WARNING,
            have,
            "lower it, or give the worker more memory: beyond it partitions pause, before it nothing does",
        )


def _secrets(settings: Settings) -> Iterator[Told]:
    """What goes over the wire for all to read."""
    if settings.kafka.security_protocol == "SASL_PLAINTEXT":
        yield WARNING, "kafka.security_protocol sends the password unencrypted", "use SASL_SSL"
    redis = urlsplit(settings.redis.url)
    if redis.scheme == "redis" and (redis.password or settings.redis.has_password) and redis.hostname not in LOCAL:
        yield WARNING, "the password of Redis goes unencrypted", "use rediss://"
    endpoints = [endpoint for pool in pools(settings) for endpoint in pool.endpoints]
    plain = [
        endpoint.address
        for endpoint in endpoints
        if endpoint.access.key
        and not endpoint.url.startswith(("https://", "grpcs://"))
        and urlsplit(f"//{endpoint.address}").hostname not in LOCAL
    ]
    if plain:
        yield WARNING, f"the API key goes unencrypted to {', '.join(plain)}", "use https:// or grpcs://"


def _kept(settings: Settings) -> Iterator[Told]:
    """What stays in Redis for longer than anything of a shopper may."""
    days = settings.privacy.max_days
    for name, kept_s in {"intent.ttl_s": settings.intent.ttl_s, "answers.kept_s": settings.answers.kept_s}.items():
        if kept_s > days * 86_400:
            found = f"{name} is {kept_s / 86_400:g} days, and what is personal may be kept {days:g} (privacy.max_days)"
            yield WARNING, found, f"lower {name}, or set privacy.max_days to what was agreed (docs/data-protection.md)"


def _traced(settings: Settings) -> Iterator[Told]:
    """What a collector holds of shoppers."""
    if settings.traces.prompt_text and settings.traces.url is not None:
        found = f"traces.prompt_text is set: {TEXTS}, where no erasure reaches it"
        yield WARNING, found, "set it to false once a fault is found, and delete those traces at the collector"


def _learned(settings: Settings) -> Iterator[Told]:
    """What goes by what other shoppers teach, where nothing is learned."""
    wanted = {"triggers.overtaken": settings.triggers.overtaken, "learning.predictor": settings.learning.predictor}
    for name in (name for name, value in wanted.items() if value and not settings.learning.enabled):
        yield WARNING, f"{name} does nothing: learning.enabled is false", f"set learning.enabled, or leave {name} out"


def _shown(settings: Settings) -> Iterator[Told]:
    """What sessions cannot tell of impressions."""
    within_s, gap_s = settings.lift.shown_within_s, settings.session.gap_s
    if settings.kafka.impressions_topic is not None and within_s > gap_s:
        found = f"lift.shown_within_s ({within_s:g} s) is above session.gap_s ({gap_s:g} s)"
        yield WARNING, f"{found}: a session that began anew meanwhile does not tell what was opened", "lower it"
