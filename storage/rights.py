"""Rights: the commands and keys that a user of Redis needs, by role. Pure.

Whoever adds a command adds it here: tests run each role with these alone, and docs/security.md is made from it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RedisRight:
    """Commands on keys of one pattern, `{namespace}` and `{replay}` standing for names; without keys those that have
    none. `of_cluster`: only there."""

    keys: str
    commands: tuple[str, ...]
    of_cluster: bool = False

    def pattern(self, namespace: str) -> str:
        """The pattern in a namespace, as Redis's ACL takes it behind `~`; a replay's has `-replay` behind it."""
        return self.keys.replace("{namespace}", namespace).replace("{replay}", f"{namespace}-replay")


LOGGING_IN = (
    RedisRight("", ("PING", "SELECT")),
    RedisRight("", ("CLUSTER|SLOTS", "COMMAND", "ASKING"), of_cluster=True),
)
"""`SELECT` is for a redis.url that names another database than 0."""

WORK = ("GET", "GETRANGE", "HGET", "HMGET", "HGETALL", "HKEYS", "SSCAN", "ZCOUNT", "ZRANGE", "SET", "DEL", "EXPIRE",
        "PEXPIREAT", "HSET", "HDEL", "HINCRBY", "SREM", "ZADD", "ZREM", "ZREMRANGEBYSCORE", "ZREMRANGEBYRANK",
        "EVAL", "EVALSHA", "SADD")  # fmt: skip
SEEING = ("GET", "GETRANGE", "HGET", "HMGET", "HGETALL", "HKEYS", "PTTL", "ZRANGE", "ZCOUNT", "XREVRANGE",
          "EVAL")  # fmt: skip
ERASING = ("GET", "HGET", "HMGET", "HGETALL", "HKEYS", "SSCAN", "SET", "DEL", "HSET", "SREM", "ZRANGE", "EVAL")
SERVER = RedisRight("", ("INFO", "TIME", "SCRIPT|LOAD"))
CLOCK = RedisRight("", ("TIME",))
DECIDING = ("EVAL", "HGET", "HGETALL", "HSET", "HDEL")
MATCHING = (
    RedisRight("{namespace}:{*}:intent", ("HMGET",)),
    RedisRight("{namespace}:{*}:context", ("HGET",)),
    RedisRight("{namespace}:{*}:card", ("GETRANGE",)),
)
CARDS = (
    RedisRight("{namespace}:{*}:card", ("SET", "DEL")),
    RedisRight("{namespace}:{*}:knowledge", ("SET", "DEL")),
    RedisRight("{namespace}:categories", ("ZADD", "ZREMRANGEBYRANK")),
)
FLEET = (
    RedisRight("{namespace}:workers", ("EVAL", "ZRANGE", "ZCOUNT")),
    RedisRight("{namespace}:worker:*", ("GET",)),
    RedisRight("{namespace}:demand", ("HGETALL",)),
)
"""Who looks at all workers: their heartbeats, and what they were asked for in the last fortnight."""

RIGHTS: Mapping[str, tuple[RedisRight, ...]] = {
    "worker": (RedisRight("{namespace}:*", WORK), SERVER, *LOGGING_IN),
    "replay": (
        RedisRight("{namespace}:*", (*WORK, "XADD")),
        RedisRight("{replay}:*", (*WORK, "UNLINK", "PEXPIRE")),
        SERVER,
        *LOGGING_IN,
    ),
    "reader": (RedisRight("{namespace}:{*}:intent", ("HMGET",)), *LOGGING_IN),
    "serve": (*MATCHING, RedisRight("{namespace}:control", ("EXISTS",)), *LOGGING_IN),
    "batches": (
        *MATCHING,
        RedisRight("{namespace}:control", ("EXISTS", "HGET", "HSET")),
        RedisRight("{namespace}:{{namespace}:control}:jobs", (*DECIDING, "HKEYS")),
        RedisRight("{namespace}:{{namespace}:control}:activity", ("XADD", "XREVRANGE")),
        CLOCK,
        *LOGGING_IN,
    ),
    "products": (
        *CARDS,
        *LOGGING_IN,
    ),
    "jobs": (
        RedisRight("{namespace}:{{namespace}:control}:jobs", (*DECIDING, "HKEYS", "HINCRBY")),
        RedisRight("{namespace}:{{namespace}:control}:activity", ("XADD",)),
        RedisRight("{namespace}:control", ("HGETALL",)),
        RedisRight("{namespace}:instance:*", ("EVAL", "GET", "SET", "DEL")),
        *FLEET,
        *CARDS,
        CLOCK,
        *LOGGING_IN,
    ),
    "operator": (
        RedisRight("{namespace}:control", DECIDING),
        RedisRight("{namespace}:{{namespace}:control}:jobs", (*DECIDING, "HKEYS")),
        RedisRight("{namespace}:{{namespace}:control}:activity", ("XADD", "XREVRANGE")),
        *FLEET,
        CLOCK,
        *LOGGING_IN,
    ),
    "viewer": (
        RedisRight("{namespace}:*", SEEING),
        RedisRight("{replay}:*", ("HGET", "HGETALL")),
        CLOCK,
        RedisRight("", ("SCAN",)),
        *LOGGING_IN,
    ),
    "privacy": (
        RedisRight("{namespace}:*", (*ERASING, "GETRANGE", "XADD", "XREVRANGE")),
        CLOCK,
        RedisRight("", ("SCAN",)),
        *LOGGING_IN,
    ),
}
"""By role; roles that are not here have nothing to do with Redis."""


def acl(rights: Iterable[RedisRight], namespace: str) -> str:
    """The rules of a user with all of these, for ACL SETUSER or a line of an ACL file; the login stands before them."""
    rights = tuple(rights)
    keys = dict.fromkeys(f"~{right.pattern(namespace)}" for right in rights if right.keys)
    commands = dict.fromkeys(f"+{command.lower()}" for right in rights for command in right.commands)
    return " ".join(["resetkeys", *keys, "resetchannels", "-@all", *commands])
