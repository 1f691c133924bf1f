"""Roles: what each is for, and what it needs of Kafka and of Redis, line by line. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from penchant.settings.root import Settings
from storage.rights import RIGHTS, RedisRight

Operation = Literal["READ", "WRITE", "DESCRIBE_CONFIGS"]
"""Of Kafka; reading and writing bring DESCRIBE with them."""

REDRIVE = "-redrive"


@dataclass(frozen=True, slots=True)
class KafkaRight:
    """An operation on the topic, group or transactional id that a setting names. One that is not set needs none."""

    setting: str
    operation: Operation
    kind: Literal["topic", "group", "transactional id"] = "topic"

    def resource(self, settings: Settings) -> str | None:
        """The name of the topic, group or id; None where the setting is not set."""
        name: str | None = getattr(settings.kafka, self.setting.removeprefix("kafka."))
        return f"{name}{REDRIVE}" if self.kind == "transactional id" else name


@dataclass(frozen=True, slots=True)
class Role:
    """What it does, and its lines of Kafka and Redis."""

    does: str
    kafka: tuple[KafkaRight, ...] = ()
    redis: tuple[RedisRight, ...] = ()


EVENTS = KafkaRight("kafka.topic", "READ")
ERASURES = KafkaRight("kafka.erasure_topic", "READ")
LETTERS = KafkaRight("kafka.dead_letter_topic", "WRITE")
ACTIVITY = KafkaRight("kafka.activity_topic", "WRITE")
SHOWN = (KafkaRight("kafka.impressions_topic", "READ"), KafkaRight("kafka.impressions_group", "READ", "group"))
CURRENT = KafkaRight("kafka.intents_topic", "READ")
INTENTS = (KafkaRight("kafka.intents_topic", "WRITE"), KafkaRight("kafka.history_topic", "WRITE"))

_ROLES: Mapping[str, tuple[str, tuple[KafkaRight, ...]]] = {
    "worker": (
        "`penchant worker`, `penchant doctor`",
        (EVENTS, KafkaRight("kafka.group", "READ", "group"), ERASURES, LETTERS, *INTENTS, *SHOWN),
    ),
    "replay": ("`penchant replay run`", (EVENTS, ERASURES)),
    "shop": ("whoever sends events", (KafkaRight("kafka.topic", "WRITE"),)),
    "reader": ("rankers, by the readers of `readers/`", ()),
    "serve": ("`penchant serve`", ()),
    "batches": ("`penchant serve` with `jobs.folder`", (ACTIVITY,)),
    "products": (
        "`penchant products follow`, `penchant products run --publish`",
        (KafkaRight("kafka.products_topic", "READ"), KafkaRight("kafka.cards_topic", "WRITE")),
    ),
    "export": (
        "`penchant export`",
        (KafkaRight("kafka.history_topic", "READ"), KafkaRight("kafka.cards_topic", "READ"), EVENTS, ERASURES),
    ),
    "jobs": ("`penchant jobs run`", (KafkaRight("kafka.cards_topic", "WRITE"),)),
    "operator": ("`penchant control`, `penchant experiments`, `penchant jobs`", (ACTIVITY,)),
    "viewer": ("`penchant inspect`, `penchant products audience`, and what the console shows", (EVENTS, CURRENT)),
    "privacy": (
        "`penchant forget`, `penchant products audience --ids`",
        (EVENTS, ERASURES, KafkaRight("kafka.erasure_topic", "WRITE"), *INTENTS, CURRENT, ACTIVITY),
    ),
    "redrive": (
        "`penchant dead-letters redrive`",
        (KafkaRight("kafka.dead_letter_topic", "READ"), LETTERS, EVENTS, KafkaRight("kafka.topic", "WRITE"),
         KafkaRight("kafka.topic", "DESCRIBE_CONFIGS"), ERASURES,
         KafkaRight("kafka.group", "WRITE", "transactional id")),
    ),
}  # fmt: skip

ROLES: Mapping[str, Role] = {name: Role(does, kafka, RIGHTS.get(name, ())) for name, (does, kafka) in _ROLES.items()}
"""By name. A console that changes things has those of viewer and operator, and of privacy where it forgets shoppers;
one that runs replays those of replay."""
