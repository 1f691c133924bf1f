"""Keep: the settings of a demonstration that is kept running, as a file for the other commands."""

from pathlib import Path
from typing import Any

from penchant.demo.stage import Stage


def keep(stage: Stage) -> Path:
    """Write them into the run folder."""
    settings = stage.settings
    model = stage.plan.model_url or (stage.stack.triton.grpc_address if stage.stack.triton else None)
    sections: dict[str, dict[str, Any]] = {
        "kafka": {"bootstrap": settings.kafka.bootstrap, "group": settings.kafka.group},
        "redis": {"url": settings.redis.url},
        "session": {"gap_s": settings.session.gap_s},
        "dead_letters": {"window_s": settings.dead_letters.window_s},
    }
    if model is not None:
        sections["model"] = {"url": model}
    path = stage.plan.run_folder / "penchant.toml"
    path.write_text("\n".join(_section(name, values) for name, values in sections.items()), encoding="utf-8")
    return path


def _section(name: str, values: dict[str, Any]) -> str:
    lines = [f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])
