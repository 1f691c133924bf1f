"""Settings of the process itself: health and logs."""

from typing import Literal

from penchant.settings.section import Name, Port, Seconds, Section


class Health(Section):
    """The health endpoint, /ready, /alive and /metrics: ready and alive are different things."""

    host: Name = "127.0.0.1"
    """The address to listen on; 0.0.0.0 in a pod."""
    port: Port = 0
    """The port to listen on; 0 is no endpoint."""
    bound_s: Seconds = 120.0
    """Not alive when received work stays uncovered for longer than this while Kafka, Redis and the model answer; a
    start waits as long for Kafka and Redis."""


class Log(Section):
    """What is logged, always to stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe message to show. Only debug shows shopper ids and prompts."""
    format: Literal["auto", "console", "json"] = "auto"
    """Words for people or one JSON object a line; auto: words on a terminal, else JSON."""
