"""Settings of the process itself: health, alerts and logs."""

from typing import Literal

from pydantic import SecretStr, field_validator

from streams.section import Name, Port, Seconds, section


@section
class Health:
    """The health endpoint, /ready, /alive and /metrics: ready and alive are different things."""

    host: Name = "127.0.0.1"
    """The address to listen on; 0.0.0.0 in a pod."""
    port: Port = 0
    """The port to listen on; 0 is no endpoint."""
    bound_s: Seconds = 120.0
    """Not alive when received work stays uncovered for longer than this while Kafka, Redis and the model answer; a
    start waits as long for Kafka and Redis."""


@section
class Alerts:
    """What operators are told at once: a model server was ejected or is back, or an experiment rolled back, and why."""

    url: SecretStr | None = None
    """A webhook: one JSON object is posted to it for each alert (kind, why, worker and at, with pool and replica or
    experiment and arm). None: only the log says it. It is never shown, since most of them hold a key."""

    @field_validator("url")
    @classmethod
    def is_http(cls, url: SecretStr | None) -> SecretStr | None:
        """A wrong one would only show when an alert is lost."""
        if url is not None and not url.get_secret_value().startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return url


@section
class Log:
    """What is logged, always to stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe message to show. Only debug shows shopper ids and prompts."""
    format: Literal["auto", "console", "json"] = "auto"
    """Words for people or one JSON object a line; auto: words on a terminal, else JSON."""
