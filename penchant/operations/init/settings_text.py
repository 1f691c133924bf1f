"""Settings text: a first look as a settings file: what was given and found, and what is left to decide. Pure."""

from collections.abc import Iterator, Mapping, Sequence

import orjson

from penchant.operations.doctor.findings import INFO, Finding
from penchant.operations.init.first_look import FirstLook

WRITTEN: Mapping[str, Sequence[str]] = {
    "kafka": ("bootstrap", "topic", "dialect", "dead_letter_topic", "erasure_topic"),
    "redis": ("url", "cluster", "namespace"),
    "model": ("url", "name"),
}
"""What a shop has of its own. Of these, what has its default and was not given is left out."""

ALWAYS = frozenset({"kafka.bootstrap", "kafka.topic", "kafka.dialect", "redis.url", "model.url"})


def text(found: FirstLook, origins: Mapping[str, str], day: str) -> str:
    """The file. `origins` is where each setting came from, by its full name; `day` is today."""
    return "\n".join([*_head(found, origins, day), *_tables(found, origins), *_left(found)]) + "\n"


def _head(found: FirstLook, origins: Mapping[str, str], day: str) -> Iterator[str]:
    yield f"# Made by `penchant init` on {day}, after a look at the topic {found.settings.kafka.topic}."
    yield "# What is not here has its default; `penchant settings --example` shows every setting."
    if variables := sorted({each for each in origins.values() if each.startswith("PENCHANT_")}):
        yield f"# The environment gave these, and is to give them again: {', '.join(variables)}"


def _tables(found: FirstLook, origins: Mapping[str, str]) -> Iterator[str]:
    for section, keys in WRITTEN.items():
        yield ""
        yield f"[{section}]"
        for key in keys:
            name, value = f"{section}.{key}", getattr(getattr(found.settings, section), key)
            if origins[name].startswith("PENCHANT_") or value is None:
                continue
            if name in ALWAYS or origins[name] != "default" or name in found.changed:
                remark = f"  # {found.remarks[name]}" if name in found.remarks else ""
                yield f"{key} = {_toml(value)}{remark}"


def _left(found: FirstLook) -> Iterator[str]:
    """Decisions that nobody can take for a shop, and what doctor is not content with, the worst first."""
    yield ""
    yield "# Left to decide:"
    if consent := found.remarks.get("privacy.default_purposes"):
        yield f"# - [privacy] default_purposes: what shoppers agree to who did not say ({consent})"
    yield "# - [health] port: where an orchestrator asks and Prometheus reads (0, the default, is no endpoint)"
    told = sorted((each for each in found.findings if each.severity > INFO), key=lambda each: -each.severity)
    yield from (_line(each) for each in told)


def _line(finding: Finding) -> str:
    remedy = f" -> {finding.remedy}" if finding.remedy else ""
    line = f"# - {finding.severity.name.lower()} {finding.subject}: {finding.found}{remedy}"
    return " ".join(line.split())  # a server's words may have several lines, and a comment has one


def _toml(value: object) -> str:
    return orjson.dumps(value).decode()  # of a text without control characters TOML's form is JSON's
