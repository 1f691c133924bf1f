"""Settings of the process itself: health, alerts, console and logs."""

import socket
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator

from streams.section import Calls, Folder, Name, Port, Seconds, Share, Words, section, unit

Command = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=1_000)], ...], Field(max_length=32), Words]
"""The words of a command."""

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 # compared, not listened on
"""Addresses that stand for all of this machine's, and how the machine itself reaches what listens there."""


@section
class Health:
    """The health endpoint, /ready, /alive and /metrics: ready and alive are different things."""

    host: Name = "127.0.0.1"
    """The address to listen on; 0.0.0.0 in a pod."""
    port: Port = 0
    """The port to listen on; 0 is no endpoint. With --workers N it answers for all, and each has one of the next N. A
    runner of jobs on the same host needs another one."""
    advertised_host: Name | None = None
    """How others reach it, which the worker's heartbeat tells (the console reads /metrics there): a pod's IP address.
    None: host, or this machine's name where that stands for all addresses."""
    bound_s: Seconds = 120.0
    """Not alive when received work stays uncovered for longer than this while Kafka, Redis and the model answer; a
    start waits as long for Kafka and Redis."""

    @property
    def advertised(self) -> str | None:
        """host:port for others; None without an endpoint."""
        if not self.port:
            return None
        host = socket.gethostname() if self.host in EVERYWHERE else self.host
        return f"{self.advertised_host or host}:{self.port}"

    @property
    def local_host(self) -> str:
        """How this machine itself reaches it, as URLs have it."""
        return EVERYWHERE.get(self.host, f"[{self.host}]" if ":" in self.host else self.host)


@section
class Alerts:
    """What operators are told at once: a model server was ejected, is back, or answers otherwise than its peers, or an
    experiment was rolled back, and why."""

    url: SecretStr | None = None
    """A webhook: one JSON object is posted to it for each alert (kind, why, worker and at, with pool and replica or
    experiment and arm). None: only the log says it. It is never shown, since most of them hold a key."""

    @field_validator("url")
    @classmethod
    def is_http(cls, url: SecretStr | None) -> SecretStr | None:
        """A wrong one would only show when an alert is lost."""
        return _http(url)

    command: Command = ()
    """A command that is run, without a shell, when a model server has been out for command_after_s: to cordon its node.
    Its last argument is the server's name, on stdin it reads the alert as JSON. It has 30 s, and its output goes to the
    log. Each worker that sees the ejection runs it, so it must be one that may be run twice. None: nothing is run."""
    command_after_s: Seconds = 300.0
    """How long a server must have been out, or out again after each trial, before the command is run for it."""


@section
class Traces:
    """Where traces go: of a worker's calls from an event's append to its intent's write, of a replay's calls, and of
    what `penchant serve` answers; needs penchant[traces]."""

    url: Name | None = None
    """A collector's address for OTLP over HTTP, with its path: http://collector:4318/v1/traces. None: no traces. The
    environment has headers and certificates for it: OTEL_EXPORTER_OTLP_HEADERS, OTEL_EXPORTER_OTLP_CERTIFICATE."""
    share: Annotated[float, Field(ge=0, le=1), unit("share of one")] = 0.01
    """How many of the calls are traced, on the model server too. One whose event or request brings a sampled
    traceparent always is."""
    slow_s: Seconds = 5.0
    """A call whose intent is written so long after its event is traced too, as is one that fails; of these the model
    server is not told."""
    prompt_text: bool = False
    """Whether spans hold prompts and answers, in gen_ai.input.messages and gen_ai.output.messages: personal data, for
    as long as the collector keeps it, and out of the reach of an erasure (docs/data-protection.md)."""

    @field_validator("url")
    @classmethod
    def is_http(cls, url: str | None) -> str | None:
        """A wrong one would only show when traces are missing."""
        if url is not None and not url.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return url


@section
class Console:
    """Where the console listens, and whether it may change anything; [http] says who comes in."""

    host: Name = "127.0.0.1"
    """The address to listen on. Any other than this machine's needs http.tokens_file or http.proxies."""
    port: Port = 8_350
    """The port to listen on; 0 takes a free one, which is printed."""
    read_only: bool = False
    """Whether nobody may change anything from the console, whatever their role."""
    prometheus_url: SecretStr | None = None
    """A Prometheus that scrapes the workers, for charts of hours and days. None: they show the last quarter of an hour,
    which the console remembers. It is never shown, since it may hold a password."""
    labels_folder: Folder | None = None
    """Where `penchant eval --judge --report` wrote pairs of intents, which people compare on the page Labels. None: the
    page says so."""

    @field_validator("prometheus_url")
    @classmethod
    def is_http(cls, url: SecretStr | None) -> SecretStr | None:
        """A wrong one would only show when somebody looks back."""
        return _http(url)


@section
class Serve:
    """Where matches and intents are asked for by HTTP, and how much at once; [http] says who comes in."""

    host: Name = "127.0.0.1"
    """The address to listen on. Any other than this machine's needs http.tokens_file, http.client_ca_file or
    http.proxies."""
    port: Port = 8_360
    """The port to listen on; 0 takes a free one, which is printed."""
    deadline_ms: Annotated[float, Field(ge=1, le=10_000), unit("milliseconds")] = 200.0
    """How long an answer may take where a request does not say."""
    max_in_flight: Calls = 64
    """Requests at once. What comes beyond is answered 429 at once, and told to come again."""


@section
class Jobs:
    """Work beside live traffic: what it leaves to it, and where files that come by HTTP are kept."""

    in_flight: Calls | None = None
    """Calls that all servers together take well from live traffic and jobs. None: as many as the largest limit of a
    worker, which is less where live traffic never needs them all."""
    share: Share = 0.8
    """How much of it live traffic and jobs may have together. The rest stays free, so that live traffic which grows
    finds a slot at once."""
    folder: Folder | None = None
    """Where `penchant serve` keeps files of /v1/files and the folders of their jobs, for all runners to read and write.
    None: it serves neither /v1/files nor /v1/batches."""
    file_bytes: Annotated[int, Field(ge=65_536, le=268_435_456), unit("bytes")] = 16_777_216
    """The most that a file of /v1/files may have, with a kilobyte of form around it; it is read into memory."""


@section
class Log:
    """What is logged, always to stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe message to show. Only debug shows shopper ids and prompts."""
    format: Literal["auto", "console", "json"] = "auto"
    """Words for people or one JSON object a line; auto: words on a terminal, else JSON."""


def _http(url: SecretStr | None) -> SecretStr | None:
    if url is not None and not url.get_secret_value().startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return url
