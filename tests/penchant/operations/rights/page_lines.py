"""What docs/security.md says a user of each role may do, as it stands there."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[4] / "docs" / "security.md"


def redis_lines() -> dict[str, str]:
    """The rules of each user of Redis, by role."""
    return dict(re.findall(r"^user (\w+) on >PASSWORD (.+)$", PAGE.read_text(), re.MULTILINE))


def kafka_lines() -> dict[str, list[tuple[str, str, str]]]:
    """Operation, kind and setting of each right in Kafka, by role."""
    rows = re.findall(r"^\| (\w+) \| [^|]+ \| ((?:READ|WRITE|nothing)[^|]*) \|$", PAGE.read_text(), re.MULTILINE)
    return {role: [_right(each) for each in told.split("; ") if each != "nothing"] for role, told in rows}


def _right(words: str) -> tuple[str, str, str]:
    operation, kind, setting = re.fullmatch(r"(\w+) on (?:the (.+?) )?`<?(.+?)>?(?:-redrive)?`", words).groups()  # type: ignore[union-attr]
    return operation, kind or "topic", setting
