"""Settings of the process itself: health, alerts and logs."""

from typing import Literal

from pydantic import field_validator

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


class Alerts(Section):
    """What operators are told at once: a model server was ejected or is back, or an experiment rolled back, and why."""

    url: Name | None = None
    """A webhook: one JSON object is posted to it for each alert (kind, why, worker and at, with pool and replica or
    experiment and arm). None: only the log says it."""

    @field_validator("url")
    @classmethod
    def is_http(cls, url: str | None) -> str | None:
        """A wrong one would only show when an alert is lost."""
        if url is not None and not url.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return url


class Log(Section):
    """What is logged, always to stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe message to show. Only debug shows shopper ids and prompts."""
    format: Literal["auto", "console", "json"] = "auto"
    """Words for people or one JSON object a line; auto: words on a terminal, else JSON."""
