"""Alert text: what operators are told, as one JSON object: the webhook's body and what the command reads."""

import os
import socket
import time
from dataclasses import asdict
from typing import Any

import orjson

from agents.fleet.judge import ExperimentNotice
from clients.pools.registry import Notice


def alert(notice: Notice | ExperimentNotice) -> dict[str, Any]:
    """The notice, the worker that tells (host and process), and the time in epoch seconds."""
    told = asdict(notice) | {"worker": f"{socket.gethostname()}-{os.getpid()}", "at": round(time.time(), 3)}
    told.pop("at_s")
    return told


def alert_text(notice: Notice | ExperimentNotice) -> bytes:
    """The same as JSON."""
    return orjson.dumps(alert(notice))
