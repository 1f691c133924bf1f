"""penchant init: a first settings file, after a look at what is there."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from penchant.cli.findings import show_findings, silence_libraries
from penchant.operations.doctor.findings import INFO, STATUS, worst
from penchant.operations.init.first_look import look
from penchant.operations.init.settings_text import text
from penchant.process.logs import configure_logs
from penchant.settings.sources import load_settings
from streams.errors import SettingInvalid

Brokers = Annotated[str | None, typer.Option("--brokers", metavar="HOST:PORT,...", help="Kafka's brokers.")]
Topic = Annotated[str, typer.Option("--topic", metavar="NAME", help="The topic of shopper events.")]
Redis = Annotated[str | None, typer.Option("--redis", metavar="URL", help="Where intents go.")]
Model = Annotated[str | None, typer.Option("--model", metavar="URL", help="The model server.")]
ModelName = Annotated[str | None, typer.Option("--model-name", help="Which of its models; else the first.")]
Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write; it must not be there yet.")]


def init(
    *,
    brokers: Brokers = None,
    topic: Topic,
    redis: Redis = None,
    model: Model = None,
    model_name: ModelName = None,
    out: Out = Path("penchant.toml"),
) -> None:
    """Look at a shop's topic and servers, and write a settings file of about ten lines: what was given, what was found
    (the dialect of the records, a cluster of Redis), and, as comments, what is left to decide.

    Nothing but that file is written. What is not given is as the environment's variables say, logins and certificates
    too (PENCHANT_KAFKA__SASL_PASSWORD_FILE ...), and stays there.

    Exit status as of penchant doctor: 0 all is well, 3 warnings, 1 errors (the file is written all the same), 2 bad
    usage.

    Example: penchant init --brokers kafka:9092 --topic clicks --redis redis://redis:6379/0 --model http://vllm:8000/v1
    """
    if out.exists():
        raise SettingInvalid(f"{out} is there already", "name another file with --out, or move it away")
    for option, url in {"--redis": redis, "--model": model}.items():
        if url and urlsplit(url).password:
            remedy = "give it by the environment: PENCHANT_REDIS__PASSWORD_FILE, PENCHANT_MODEL__API_KEY_FILE"
            raise SettingInvalid(f"{option} holds a password, which is not to stand in a file", remedy)
    options = {
        "kafka.bootstrap": brokers, "kafka.topic": topic, "redis.url": redis, "model.url": model,
        "model.name": model_name,
    }  # fmt: skip
    loaded = load_settings(None, {name: value for name, value in options.items() if value is not None})
    configure_logs("error", loaded.settings.log.format)
    silence_libraries()
    found = asyncio.run(look(loaded.settings))
    out.write_text(text(found, loaded.origins, f"{datetime.now(UTC):%Y-%m-%d}"), encoding="utf-8")
    show_findings([each for each in found.findings if each.severity > INFO])
    typer.echo(f"{out} is written. Next: penchant doctor --config {out}; penchant worker --config {out}")
    raise typer.Exit(STATUS[worst(found.findings)])
