"""Bundle: what a support case needs, in one archive without a secret and without a shopper."""

import asyncio
import platform
import zipfile
from collections import deque
from collections.abc import Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import httpx
import orjson

from penchant import __version__
from penchant.operations.control import FleetStatus, fleet_status
from penchant.operations.doctor.findings import Finding
from penchant.operations.support.masking import masked_text, names_nobody, secrets_in
from penchant.settings.report import report
from penchant.settings.sources import Loaded
from streams.errors import PenchantError, SettingInvalid

LOG_LINES = 1_000
METRICS_S = 2.0
MOST_WORKERS = 32
"""Workers whose metrics are read, all at once."""


async def pack(path: Path, loaded: Loaded, findings: Sequence[Finding], log_file: Path | None = None) -> list[str]:
    """Write the archive, for nobody but us to read; gives the names of what is in it. Of a fleet that cannot be
    reached it holds the reason. SettingInvalid where a file cannot be read or written."""
    contents: dict[str, object] = {
        "findings.json": [as_json(finding) for finding in findings],
        "settings.json": report(loaded),
        "versions.json": _versions(),
        **await _fleet(loaded),
    }
    try:
        if log_file is not None:
            contents["log.txt"] = await asyncio.to_thread(_last_lines, log_file)
        await asyncio.to_thread(_write, path, contents, loaded)
    except OSError as exc:
        raise SettingInvalid(f"{exc.filename} cannot be used: {exc.strerror}", "name another file") from exc
    return list(contents)


def as_json(finding: Finding) -> dict[str, str]:
    """A finding as commands report it."""
    severity = finding.severity.name.lower()
    return {"subject": finding.subject, "severity": severity, "found": finding.found, "remedy": finding.remedy}


async def _fleet(loaded: Loaded) -> dict[str, object]:
    """Switches and heartbeats, and the metrics of each worker that says where they are."""
    try:
        status = await fleet_status(loaded.settings)
    except PenchantError as exc:
        return {"fleet.json": {"error": str(exc).partition("\n")[0]}}
    return {"fleet.json": _as_shown(status), **await _metrics(status.workers)}


def _as_shown(status: FleetStatus) -> dict[str, Any]:
    """Without why a switch was thrown, which people wrote."""
    thrown = {name: {"value": value.value, "at_ms": value.at_ms} for name, value in status.switches.thrown.items()}
    return {"switches": thrown, "workers": status.workers}


async def _metrics(workers: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    places = {name: place for name, told in workers.items() if (place := told.get("metrics"))}
    async with httpx.AsyncClient(timeout=METRICS_S, trust_env=False) as client:
        read = [_page(client, f"http://{place}/metrics") for place in list(places.values())[:MOST_WORKERS]]
        pages = await asyncio.gather(*read)
    return {f"metrics/{number}.txt": page for number, page in enumerate(pages)}


async def _page(client: httpx.AsyncClient, url: str) -> str:
    try:
        return (await client.get(url)).text
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        return f"# not read: {type(exc).__name__}\n"


def _versions() -> dict[str, Any]:
    packages = {each.metadata["Name"]: each.version for each in distributions()}
    about = {"penchant": __version__, "python": platform.python_version(), "platform": platform.platform()}
    return about | {"packages": dict(sorted(packages.items()))}


def _last_lines(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as log:
        return "".join(deque(filter(names_nobody, log), LOG_LINES))


def _write(path: Path, contents: Mapping[str, object], loaded: Loaded) -> None:
    secrets = list(secrets_in(loaded.settings))
    path.touch(mode=0o600)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            text = content if isinstance(content, str) else orjson.dumps(content, str, orjson.OPT_INDENT_2).decode()
            archive.writestr(name, masked_text(text, secrets))
