"""The published schema is the code's."""

import json
from pathlib import Path

from storage.schema import schema

DOCS = Path(__file__).parents[2] / "docs"


def test_the_published_schema_is_the_codes() -> None:
    """When it is not: `python -m storage.schema > docs/intent.schema.json`, and think of those who read intents."""
    assert json.loads((DOCS / "intent.schema.json").read_bytes()) == json.loads(schema())


def test_the_schema_lets_new_fields_through() -> None:
    """A reader that validates must not break when a field is added."""
    assert b"additionalProperties" not in schema()
