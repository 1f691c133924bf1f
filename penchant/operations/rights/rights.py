"""Rights: one line each of what a role needs of Kafka, or of Redis. Pure."""

from dataclasses import dataclass
from typing import Literal

from penchant.settings.root import Settings

Operation = Literal["READ", "WRITE"]
"""Of Kafka; each brings DESCRIBE with it."""


@dataclass(frozen=True, slots=True)
class KafkaRight:
    """An operation on the topic, or the group, that a setting names. One that is not set needs no right."""

    setting: str
    operation: Operation
    kind: Literal["topic", "group"] = "topic"

    def resource(self, settings: Settings) -> str | None:
        """The name of the topic or group; None where the setting is not set."""
        name: str | None = getattr(settings.kafka, self.setting.removeprefix("kafka."))
        return name


@dataclass(frozen=True, slots=True)
class RedisRight:
    """Commands on keys as a pattern has them, `{namespace}` and `{replay}` standing for names; without keys a command
    that has none."""

    keys: str
    commands: tuple[str, ...]

    def pattern(self, namespace: str, replay: str = "") -> str:
        """The pattern in a namespace, as Redis's ACL takes it behind `~`."""
        return self.keys.replace("{namespace}", namespace).replace("{replay}", replay or f"{namespace}-replay")


@dataclass(frozen=True, slots=True)
class Role:
    """What it is for, and its lines."""

    does: str
    kafka: tuple[KafkaRight, ...] = ()
    redis: tuple[RedisRight, ...] = ()

    def acl(self, namespace: str, replay: str = "") -> str:
        """The rules of a Redis user, for ACL SETUSER or a line of an ACL file; the login stands before them."""
        keys = dict.fromkeys(f"~{right.pattern(namespace, replay)}" for right in self.redis if right.keys)
        commands = dict.fromkeys(f"+{command.lower()}" for right in self.redis for command in right.commands)
        return " ".join(["resetkeys", *keys, "resetchannels", "-@all", *commands])
