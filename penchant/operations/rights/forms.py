"""Forms: each command of Redis in a form that asks for the right to it and leaves everything as it is. Pure.

Redis judges rights before it reads a command's arguments, so most forms have one that is refused.
"""

from collections.abc import Mapping

from storage.connection import Command

KEY = "\0"
"""Stands for the key."""

READ_ONLY: Mapping[str, Command] = {
    "GET": (KEY,),
    "GETRANGE": (KEY, 0, 0),
    "EXISTS": (KEY,),
    "PTTL": (KEY,),
    "HGET": (KEY, "doctor"),
    "HMGET": (KEY, "doctor"),
    "HGETALL": (KEY,),
    "HKEYS": (KEY,),
    "SSCAN": (KEY, 0),
    "ZRANGE": (KEY, 0, 0),
    "ZCOUNT": (KEY, 0, 0),
    "XREVRANGE": (KEY, "+", "-", "COUNT", 1),
    "EVAL": ("return 1", 1, KEY),
    "INFO": ("server",),
    "TIME": (),
    "SCAN": (0, "COUNT", 1),
    "PING": (),
    "CLUSTER|SLOTS": (),
    "COMMAND": ("COUNT",),
    "ASKING": (),
    "SCRIPT|LOAD": ("return 1",),
}

REFUSED: Mapping[str, Command] = {
    "SET": (KEY, "", "NO OPTION"),
    "EXPIRE": (KEY, "no number"),
    "PEXPIRE": (KEY, "no number"),
    "PEXPIREAT": (KEY, "no number"),
    "HSET": (KEY, "doctor", "", "a field without a value"),
    "HINCRBY": (KEY, "doctor", "no number"),
    "XADD": (KEY, "no id", "doctor", ""),
    "ZREMRANGEBYRANK": (KEY, "no number", 0),
    "EVALSHA": ("0" * 40, 1, KEY),
}

OF_NOTHING: Mapping[str, Command] = {
    "HDEL": (KEY, "doctor"),
    "SREM": (KEY, "doctor"),
    "ZADD": (KEY, "XX", 0, "doctor"),
    "ZREM": (KEY, "doctor"),
    "ZREMRANGEBYSCORE": (KEY, "(0", "(0"),
}
"""Of a field or a member that is not there."""

OF_NO_KEY: Mapping[str, Command] = {
    "DEL": (KEY,),
    "UNLINK": (KEY,),
    "SADD": (
        "EVAL",
        "redis.call('DEL', KEYS[1]) redis.call('SADD', KEYS[1], '') return redis.call('DEL', KEYS[1])",
        1,
        KEY,
    ),
}
"""Only of a key that nobody has. SADD takes anything, so a script takes it back."""

NOT_ASKED = frozenset({"SELECT"})
"""Asked by connecting."""


def form(command: str, key: str) -> Command | None:
    """The command on a key; None for one that connecting asks for."""
    if command in NOT_ASKED:
        return None
    arguments = {**READ_ONLY, **REFUSED, **OF_NOTHING, **OF_NO_KEY}[command]
    name: Command = () if arguments[:1] == ("EVAL",) else (command.replace("|", " "),)
    return tuple(key if word == KEY else word for word in (*name, *arguments))
