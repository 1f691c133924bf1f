"""Keep: the settings of a demonstration, as a file for the console and for other commands."""

from pathlib import Path
from typing import Any

from penchant.demo.stage import Stage


def keep(stage: Stage, name: str) -> Path:
    """Write them into the run folder, as a file of this name; the model's key is not among them."""
    settings = stage.settings
    sections = stage.stack.sections("operator")
    sections["kafka"]["group"] = settings.kafka.group
    sections["session"] = {"gap_s": settings.session.gap_s}
    sections["dead_letters"] = {"window_s": settings.dead_letters.window_s}
    if (model := stage.plan.model) is not None:
        given = {"url": model.url, "dialect": model.dialect, "name": model.name, "server": model.server}
        sections["model"] = {key: value for key, value in given.items() if value is not None}
    path = stage.plan.run_folder / name
    path.write_text("\n".join(_section(name, values) for name, values in sections.items()), encoding="utf-8")
    return path


def _section(name: str, values: dict[str, Any]) -> str:
    own = {key: value for key, value in values.items() if not isinstance(value, dict)}
    lines = [f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}" for key, value in own.items()]
    within = [_section(f"{name}.{key}", value) for key, value in values.items() if isinstance(value, dict)]
    return "\n".join([f"[{name}]", *lines, "", *within])
