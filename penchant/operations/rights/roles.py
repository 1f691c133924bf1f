"""Roles: the lines of each. Whoever adds a command or a topic adds it here: tests run each role with these alone."""

from collections.abc import Mapping

from penchant.operations.rights.rights import KafkaRight, RedisRight, Role

LOGGING_IN = RedisRight("", ("PING", "SELECT"))
"""For monitoring, and where redis.url names another database than 0."""

WORK = ("GET", "GETRANGE", "HGET", "HMGET", "HGETALL", "SSCAN", "ZCOUNT", "SET", "DEL", "EXPIRE", "PEXPIREAT",
        "HSET", "HDEL", "HINCRBY", "SREM", "ZADD", "ZREM", "ZREMRANGEBYSCORE", "EVAL", "EVALSHA", "SADD")  # fmt: skip
SERVER = RedisRight("", ("INFO", "TIME", "SCRIPT|LOAD"))

EVENTS = KafkaRight("kafka.topic", "READ")
ERASURES = KafkaRight("kafka.erasure_topic", "READ")
GROUP = KafkaRight("kafka.group", "READ", "group")
INTENTS = (KafkaRight("kafka.intents_topic", "WRITE"), KafkaRight("kafka.history_topic", "WRITE"))

CONTROL = (
    RedisRight("{namespace}:control", ("EVAL", "HGET", "HGETALL", "HSET", "HDEL")),
    RedisRight("{namespace}:{{namespace}:control}:activity", ("XADD", "XREVRANGE")),
    RedisRight("{namespace}:workers", ("ZRANGE", "ZCOUNT")),
    RedisRight("{namespace}:worker:*", ("GET",)),
    RedisRight("{namespace}:demand", ("HGETALL",)),
    RedisRight("", ("TIME",)),
)

ROLES: Mapping[str, Role] = {
    "worker": Role(
        "`penchant worker`, `penchant doctor`",
        (EVENTS, GROUP, ERASURES, KafkaRight("kafka.dead_letter_topic", "WRITE"), *INTENTS),
        (RedisRight("{namespace}:*", WORK), SERVER, LOGGING_IN),
    ),
    "replay": Role(
        "`penchant replay run`",
        (EVENTS, ERASURES),
        (
            RedisRight("{namespace}:*", WORK),
            RedisRight("{replay}:*", (*WORK, "UNLINK", "PEXPIRE")),
            SERVER,
            LOGGING_IN,
        ),
    ),
    "reader": Role(
        "a ranker, by the readers of `readers/`", (), (RedisRight("{namespace}:{*}:intent", ("HMGET",)), LOGGING_IN)
    ),
    "serve": Role(
        "`penchant serve`",
        (),
        (
            RedisRight("{namespace}:{*}:intent", ("HGET", "HMGET")),
            RedisRight("{namespace}:{*}:card", ("GETRANGE",)),
            RedisRight("{namespace}:control", ("EXISTS",)),
            LOGGING_IN,
        ),
    ),
    "operator": Role("`penchant control`, `penchant experiments`", (), (*CONTROL, LOGGING_IN)),
    "viewer": Role(
        "`penchant inspect`, and what the console shows", (EVENTS,),
        (RedisRight("{namespace}:*", ("GET", "HGET", "HMGET", "HGETALL", "PTTL", "ZRANGE", "ZCOUNT", "XREVRANGE",
                                     "EVAL")),
         RedisRight("", ("TIME", "SCAN")), LOGGING_IN),
    ),
    "privacy": Role(
        "`penchant forget`",
        (EVENTS, ERASURES, KafkaRight("kafka.erasure_topic", "WRITE"), *INTENTS),
        (RedisRight("{namespace}:*", ("GET", "HGET", "HMGET", "HGETALL", "HKEYS", "SSCAN", "SET", "DEL", "HSET", "SREM",
                                     "EVAL")), RedisRight("", ("TIME",)),
         LOGGING_IN),
    ),
}  # fmt: skip
"""By name. A console that changes things has those of viewer and operator, and of privacy where it forgets shoppers."""
