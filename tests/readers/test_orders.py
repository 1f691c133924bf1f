"""The order that readers compute themselves is the service's."""

import json
from pathlib import Path

from tests.readers.orders import made

FIXTURE = Path(__file__).parents[2] / "readers" / "fixtures" / "orders.json"


def test_the_fixture_is_what_the_service_computes() -> None:
    """Both readers' tests hold them to it. `python -m tests.readers.orders` writes it."""
    assert json.loads(FIXTURE.read_text("utf-8")) == json.loads(json.dumps(made()))
