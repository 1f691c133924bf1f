"""The JSON Schema of an intent, for whoever validates `doc`: `python -m storage.schema > docs/intent.schema.json`."""

import sys
from typing import Any

import orjson
from msgspec.json import schema_components

from streams.records.intents import SCHEMA, Intent


def schema() -> bytes:
    """As it stands in docs/intent.schema.json. Unknown fields are allowed: new ones come without a new number."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "version": SCHEMA}
    _, parts = schema_components([Intent], ref_template="#/$defs/{name}")
    whole = parts.pop(Intent.__name__)
    published = head | _open({"$defs": parts} | whole)
    return orjson.dumps(published, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _open(node: Any) -> Any:
    """Our own code refuses unknown fields to catch its mistakes; readers must not."""
    if isinstance(node, dict):
        return {name: _open(value) for name, value in node.items() if name != "additionalProperties"}
    return [_open(value) for value in node] if isinstance(node, list) else node


if __name__ == "__main__":
    sys.stdout.buffer.write(schema())
