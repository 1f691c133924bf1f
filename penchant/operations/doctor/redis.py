"""Redis: is it one that may hold checkpoints? Judged by what its INFO says. Pure, but for `examine`."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from penchant.operations.doctor.findings import ERROR, INFO, WARNING, Finding, Severity
from penchant.settings.root import Settings
from storage.connection import Client, Command, ask
from streams.errors import StoreUnavailable
from streams.listener import listener
from streams.tls import suspicion

Told = tuple[Severity, str, str]

OLDEST = (6, 2)
"""The oldest version that Penchant is tested with."""

FULL = 0.8
"""From this share of maxmemory on it is worth a warning."""

SPEAKS = ("Authentication", "NOAUTH", "WRONGPASS", "NoPermission", "NOPERM", "ResponseError", "tls.")
"""Words of errors by which somebody spoke to us in the right way."""

SKEW_MS = 1_000.0
"""How far clocks may be apart. Expiries are absolute, and the freshness of an intent spans two machines."""


async def examine(settings: Settings) -> list[Finding]:
    """Ask the server, or the node of a cluster that the URL names, and say why where it does not let us in."""
    try:
        return await _examine(settings)
    except StoreUnavailable as exc:
        return [await _away(settings, str(exc))]


async def _away(settings: Settings, said: str) -> Finding:
    """Why a connection fails: by what Redis says, or by what listens at the address instead of it."""
    where = urlsplit(settings.redis.url)
    encrypted = where.scheme == "rediss"
    if not settings.redis.sentinel.addresses and not any(word in said for word in SPEAKS):
        kind = await listener(where.hostname or "localhost", where.port or 6379)
        if encrypted and kind == "plain":
            return Finding("redis", ERROR, "nobody speaks TLS there, and redis.url asks for it", "write it as redis://")
        if not encrypted and kind.startswith("TLS"):
            return Finding("redis", ERROR, "it speaks TLS, and redis.url does not", "write it as rediss://")
    return Finding("redis", ERROR, said, _remedy(said, encrypted=encrypted))


def _remedy(said: str, *, encrypted: bool) -> str:
    """What to do about what a connection ended with."""
    if any(word in said for word in ("AuthenticationError", "NOAUTH", "WRONGPASS")):
        return "correct redis.username and redis.password, or the login in redis.url"
    if "NoPermission" in said or "NOPERM" in said:
        return "give the user this right (docs/security.md)"
    if "MasterNotFound" in said:
        return "start the Sentinels, or correct redis.sentinel.addresses and redis.sentinel.service"
    if "tls." in said:
        return "correct what stands in redis.tls"
    return suspicion(said, encrypted=encrypted) or "start Redis, or correct redis.url"


async def _examine(settings: Settings) -> list[Finding]:
    timeout_s, lag_s = settings.redis.timeout_s, settings.commit.lag_s
    client = replace(settings.redis, cluster=False).connect(connections=1)
    try:
        info = await _optional(client, ("INFO", "everything"), timeout_s)
        clock = await _skew_ms(client, timeout_s)
        config = await _optional(client, ("CONFIG", "GET", "append*"), timeout_s)
        slots = await _optional(client, ("CLUSTER", "INFO"), timeout_s) if (info or {}).get("cluster_enabled") else None
    finally:
        await client.aclose()
    fsync = dict(zip(config[::2], config[1::2], strict=True)).get(b"appendfsync", b"").decode() if config else ""
    told = list(judge(info, fsync, lag_s)) if info else [(INFO, "it lets us in, and does not tell how it is set", "")]
    told += judge_clock(clock) if clock is not None else []
    if info and info.get("cluster_enabled"):
        told += judge_cluster(slots or b"", told=settings.redis.cluster)
    return [Finding("redis", *each) for each in told]


def judge(info: Mapping[str, Any], fsync: str, lag_s: float) -> Iterator[Told]:
    """What INFO says; `fsync` is appendfsync, empty where the server does not tell; `lag_s` is commit.lag_s."""
    version = str(info.get("redis_version", "0"))
    named = f"{info.get('server_name', 'redis')} {info.get('valkey_version', version)}"
    if tuple(int(part) for part in version.split(".")[:2] if part.isdecimal()) < OLDEST:
        yield WARNING, f"{named}, which nothing was tried with", "use 6.2 or later"
    else:
        yield INFO, f"{named}, {info.get('role')}, {info.get('used_memory_human')} used", ""
    if info.get("role") == "slave":
        yield ERROR, "redis.url names a replica, which takes no writes", "name the primary"
    if info.get("loading"):
        yield WARNING, "it is still loading its data", "wait; workers do too"
    yield from _memory(info)
    yield from _persistence(info, fsync, lag_s)
    yield from _replicas(info, lag_s)


def _memory(info: Mapping[str, Any]) -> Iterator[Told]:
    """What drives contexts out: one that is gone is a session that is forgotten, and nobody is told."""
    most, policy = int(info.get("maxmemory", 0)), str(info.get("maxmemory_policy", "noeviction"))
    if most and policy != "noeviction":
        found = f"maxmemory-policy is {policy}: short of memory it drops sessions, whose events are committed"
        yield ERROR, found, "set it to noeviction and watch the memory; `penchant estimate` says how much is needed"
    elif not most:
        yield INFO, "maxmemory is not set: nothing is evicted, and nothing keeps Redis below the machine's memory", ""
    if most and int(info["used_memory"]) > FULL * most:
        share = int(info["used_memory"]) / most
        yield (
            WARNING,
            f"{share:.0%} of maxmemory is used; at the end writes fail and partitions pause",
            "give it more memory",
        )
    if int(info.get("evicted_keys", 0)):
        yield (
            WARNING,
            f"{int(info['evicted_keys']):,} keys were evicted since its start",
            "rebuild by a replay what is missing",
        )


def _persistence(info: Mapping[str, Any], fsync: str, lag_s: float) -> Iterator[Told]:
    """What a restart loses must be within what is read again: commit.lag_s."""
    for name in ("aof_last_write_status", "rdb_last_bgsave_status"):
        if info.get(name, "ok") != "ok":
            yield ERROR, f"{name} is {info[name]}: it cannot write to its disk", "see its log; mostly the disk is full"
    if not info.get("aof_enabled"):
        found = "appendonly is off: a restart loses all since the last snapshot, more than is read again by itself"
        yield WARNING, found, "set appendonly yes and appendfsync everysec, or be ready to rebuild by a replay"
    elif fsync == "no":
        yield WARNING, "appendfsync is no: the system decides, mostly every 30 s", "set appendfsync everysec"
    elif fsync == "everysec" and lag_s < 2:
        found = f"appendfsync is everysec, which may lose 2 s, and commit.lag_s is {lag_s:g}"
        yield ERROR, found, "set commit.lag_s to 10"
    else:
        yield INFO, f"appendonly is on, appendfsync {fsync or 'not told'}; commit.lag_s is {lag_s:g} s", ""


def _replicas(info: Mapping[str, Any], lag_s: float) -> Iterator[Told]:
    """A failover loses what a replica has not yet."""
    for name, replica in info.items():
        if not (name.startswith("slave") and isinstance(replica, Mapping) and "lag" in replica):
            continue
        behind_s = int(replica["lag"])
        if behind_s >= max(lag_s, 1):
            where = f"{replica.get('ip')}:{replica.get('port')}"
            found = f"the replica {where} is {behind_s} s behind, commit.lag_s is {lag_s:g}"
            yield (
                WARNING,
                found,
                "raise commit.lag_s, or see why the replica is slow: a failover now would lose intents",
            )


def judge_clock(skew_ms: float) -> Iterator[Told]:
    """How far Redis's clock is ahead of this machine's."""
    where = "ahead of" if skew_ms > 0 else "behind"
    if abs(skew_ms) >= SKEW_MS:
        yield WARNING, f"its clock is {abs(skew_ms):,.0f} ms {where} this machine's", "run NTP on both"
    else:
        yield INFO, f"its clock is within {SKEW_MS:g} ms of this machine's", ""


def judge_cluster(slots: bytes | str, *, told: bool) -> Iterator[Told]:
    """What CLUSTER INFO says; `told`: the settings say that it is a cluster."""
    text = slots.decode() if isinstance(slots, bytes) else slots
    state = dict(line.split(":", 1) for line in text.split() if ":" in line)
    if not told:
        yield ERROR, "it is a node of a cluster, and redis.cluster is false", "set redis.cluster = true"
    if state.get("cluster_state") != "ok" or state.get("cluster_slots_ok") != "16384":
        served = f"{state.get('cluster_slots_ok', '?')} of 16384 slots are served"
        found = f"cluster_state is {state.get('cluster_state')}, {served}"
        yield ERROR, found, "see `redis-cli --cluster check`: shoppers of other slots cannot be written"
    else:
        yield INFO, f"a cluster of {state.get('cluster_size')} primaries, all slots served", ""


async def _skew_ms(client: Client, timeout_s: float) -> float | None:
    """How far the server's clock is ahead of ours; None where it does not tell."""
    before_ms = time.time() * 1e3
    told = await _optional(client, ("TIME",), timeout_s)
    here_ms = (before_ms + time.time() * 1e3) / 2
    return None if told is None else told[0] * 1e3 + told[1] / 1e3 - here_ms


async def _optional(client: Client, command: Command, timeout_s: float) -> Any:
    """The reply, or None where the server does not allow the question; managed ones do not."""
    try:
        [reply] = await ask(client, [command], timeout_s)
    except StoreUnavailable as exc:
        if "NoPermission" in str(exc) or "unknown command" in str(exc).lower():
            return None
        raise
    return reply
