"""Rights: whether the user of a role has each line of its own, asked without changing anything."""

from collections import defaultdict
from collections.abc import Mapping
from uuid import uuid4

from penchant.operations.doctor.findings import ERROR, Finding
from penchant.operations.rights.forms import form
from penchant.operations.rights.roles import KafkaRight, Role
from penchant.settings.root import Settings
from storage.connection import Client, Command, ask
from storage.rights import RedisRight
from streams.errors import StoreCorrupt, StoreUnavailable, TopicMissing
from streams.kafka.rights import allowed

PAGE = "docs/security.md"


async def examine_kafka(settings: Settings, right: KafkaRight) -> list[Finding]:
    """A finding where the right is missing; none where the topic is, which its own check says."""
    name = right.resource(settings)
    if name is None or right.kind == "transactional id":  # which Kafka tells of to transactions alone
        return []
    try:
        operations = await allowed(settings.kafka.options, right.kind, name)
    except TopicMissing:
        return []
    if operations is None or right.operation in operations:
        return []
    found = f"we may not {right.operation} it ({right.setting})"
    if not operations:
        found = f"rights hide it from us, whether it is there or not: {found}"
    remedy = f"grant {right.operation} on the {right.kind} {name} to our user ({PAGE})"
    return [Finding(f"{right.kind} {name}", ERROR, found, remedy)]


async def examine_redis(settings: Settings, role: Role) -> list[Finding]:
    """A finding for the commands that are missing, and one for each pattern of keys that is."""
    client = settings.redis.connect(connections=1)
    commands: dict[str, list[str]] = defaultdict(list)
    keys: dict[str, list[str]] = defaultdict(list)
    try:
        for right in role.redis:
            for command in right.commands if not right.of_cluster or settings.redis.cluster else ():
                pattern = right.pattern(settings.redis.namespace)
                why = await _refused(client, right, command, pattern, settings.redis.timeout_s)
                if why == "command" and not (command == "SADD" and {"EVAL", "DEL"} & commands.keys()):
                    commands[command].append(pattern)
                elif why == "keys":
                    keys[pattern].append(command)
    finally:
        await client.aclose()
    return [*_commands(commands), *_keys(keys)]


def _commands(missing: Mapping[str, list[str]]) -> list[Finding]:
    if not missing:
        return []
    on = " and ".join(dict.fromkeys(pattern for patterns in missing.values() for pattern in patterns if pattern))
    found = f"our user may not {', '.join(each.replace('|', ' ') for each in missing)}{f' on {on}' if on else ''}"
    remedy = f"ACL SETUSER our user {' '.join(f'+{each.lower()}' for each in missing)} ({PAGE})"
    return [Finding("redis", ERROR, found, remedy)]


def _keys(missing: Mapping[str, list[str]]) -> list[Finding]:
    return [
        Finding("redis", ERROR, f"our user may not use the keys {pattern}", f"ACL SETUSER our user ~{pattern} ({PAGE})")
        for pattern in missing
    ]


async def _refused(client: Client, right: RedisRight, command: str, pattern: str, within_s: float) -> str:
    """`command` or `keys` by what Redis refuses of it; empty where it does not."""
    asked = form(command, pattern.replace("*", uuid4().hex))
    if asked is None:
        return ""
    said = await _said(client, asked, within_s)
    if not any(words in said for words in ("NoPermission", "NOPERM", "can't run this command", "can't access")):
        return ""
    return "keys" if right.keys and ("key" in said.replace("keyword", "") and "command" not in said) else "command"


async def _said(client: Client, command: Command, within_s: float) -> str:
    """What Redis says against a command. StoreUnavailable where it says nothing at all."""
    try:
        await ask(client, [command], within_s)
    except StoreCorrupt:
        return ""
    except StoreUnavailable as exc:
        if "Error: " not in str(exc) or "ConnectionError" in str(exc):
            raise
        return str(exc)
    return ""
