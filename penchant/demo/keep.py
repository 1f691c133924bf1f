"""Keep: the settings of a demonstration, as a file for the console and for other commands."""

from pathlib import Path
from typing import Any

from penchant.demo.stage import Stage


def keep(stage: Stage, name: str) -> Path:
    """Write them into the run folder, as a file of this name."""
    settings = stage.settings
    sections: dict[str, dict[str, Any]] = {
        "kafka": {"bootstrap": settings.kafka.bootstrap, "group": settings.kafka.group},
        "redis": {"url": settings.redis.url},
        "session": {"gap_s": settings.session.gap_s},
        "dead_letters": {"window_s": settings.dead_letters.window_s},
    }
    if not stage.stack.stand_in:
        sections["model"] = {"url": settings.model.url}
    path = stage.plan.run_folder / name
    path.write_text("\n".join(_section(name, values) for name, values in sections.items()), encoding="utf-8")
    return path


def _section(name: str, values: dict[str, Any]) -> str:
    lines = [f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])
