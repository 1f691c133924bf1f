"""A Dockerfile's steps, run in plain folders: what an engine would do, without one, without root and without a network
namespace. What it does not know it refuses, so no step is passed over.

A stage is a folder, its root. Absolute paths in commands become paths below it; the base image is the Python that runs
the tests. Packages of this environment count as installed in a stage's own: pip looks for what is wanted, and finds it
there. Users and ports are only noted.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

STEP_WITHIN_S = 280
LENT = "lent.pth"
NOTED = {"LABEL", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
ABSOLUTE = re.compile(r"(?<![\w./:\"'=-])/(?=[a-z])")
"""A path from the root at the beginning of a word."""


@dataclass
class Stage:
    """Its instructions in order, and what they have made: folder, variables, and what an image says of itself."""

    base: str
    steps: list[tuple[str, str]] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    noted: dict[str, str] = field(default_factory=dict)

    def command(self, name: str) -> list[str]:
        """An ENTRYPOINT, CMD or HEALTHCHECK as the words that are run; all of them are JSON."""
        words: list[str] = json.loads(self.noted[name][self.noted[name].index("[") :])
        return words

    def labels(self) -> dict[str, str]:
        """What LABEL says."""
        pairs = (each.partition("=") for each in shlex.split(self.noted["LABEL"]))
        return {name: value for name, _, value in pairs}


def stages_of(text: str) -> dict[str, Stage]:
    """The stages by name. ValueError at what is no instruction that can be run here."""
    plain = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    arguments: dict[str, str] = {}
    stages: dict[str, Stage] = {}
    for line in re.sub(r"\\\n\s*", "", plain).splitlines():
        name, _, rest = line.strip().partition(" ")
        if name == "ARG" and not stages:
            key, _, arguments[key] = rest.partition("=")
        elif name == "FROM":
            base, _, stage = rest.partition(" AS ")
            stages[stage] = Stage(re.sub(r"\$\{(\w+)\}", lambda match: arguments[match[1]], base))
        elif name in NOTED | {"ENV", "RUN", "WORKDIR", "COPY"} and stages:
            stages[list(stages)[-1]].steps.append((name, rest))
        elif name:
            raise ValueError(f"{name} cannot be run here: teach tests/deploy/image_steps.py what it does")
    return stages


class Builder:
    """Builds stages in `folder`, from a context that `.dockerignore` bounds. The stage that is built last is at `root`;
    all stood there while they were built, so that paths within them hold."""

    def __init__(self, stages: dict[str, Stage], context: Path, folder: Path) -> None:
        self.stages, self.root = stages, folder / "root"
        self._context, self._done = context, folder / "done"
        self._ignored = (context / ".dockerignore").read_text(encoding="utf-8").split()

    def build(self, name: str) -> Stage:
        """A stage, and before it those that it is made from."""
        stage = self.stages[name]
        for needed in (stage.base, *(_source(rest) for kind, rest in stage.steps if kind == "COPY")):
            if needed in self.stages and not (self._done / needed).exists():
                self.build(needed)
                shutil.copytree(self.root, self._done / needed, symlinks=True)
        shutil.rmtree(self.root, ignore_errors=True)
        if stage.base in self.stages:
            shutil.copytree(self._done / stage.base, self.root, symlinks=True)
            stage.variables = dict(self.stages[stage.base].variables)
        else:
            self._base()
            stage.variables = {"PATH": f"{self.root}/usr/local/bin:/usr/bin:/bin", "HOME": str(self.root)}
        at = self.root / (self.stages[stage.base].noted["WORKDIR"] if stage.base in self.stages else "")
        for kind, rest in stage.steps:
            at = self._step(stage, kind, rest, at)
        return stage

    def _base(self) -> None:
        python = self.root / "usr/local/bin/python"
        python.parent.mkdir(parents=True)
        python.symlink_to(getattr(sys, "_base_executable", sys.executable))

    def _step(self, stage: Stage, kind: str, rest: str, at: Path) -> Path:
        if kind == "ENV":
            name, _, value = rest.partition("=")
            stage.variables[name] = self._rooted(value.replace(f"${name}", stage.variables.get(name, "")))
        elif kind == "RUN":
            self.run(stage, ["sh", "-ec", self._rooted(rest)], at)
            for packages in self.root.glob("opt/*/lib/python*/site-packages"):
                (packages / LENT).write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        elif kind == "COPY":
            self._copy(rest, at)
        else:
            stage.noted[kind] = rest.lstrip("/") if kind == "WORKDIR" else rest
        if kind == "WORKDIR":
            at = self.root / rest.lstrip("/")
            at.mkdir(parents=True)
        return at

    def run(self, stage: Stage, command: list[str], at: Path, **more: str) -> subprocess.CompletedProcess[str]:
        """A command in the stage at `root`, with its variables and no others but where packages come from."""
        ours = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "XDG_"))}
        ended = subprocess.run(
            command, cwd=at, env=ours | stage.variables | more, check=False, capture_output=True, text=True,
            timeout=STEP_WITHIN_S,
        )  # fmt: skip
        assert ended.returncode == 0, f"{command}: {ended.stderr[-2000:]}"
        return ended

    def _rooted(self, text: str) -> str:
        return ABSOLUTE.sub(f"{self.root}/", text if not text.startswith("/") else f" {text}").strip()

    def _copy(self, rest: str, at: Path) -> None:
        *sources, target = [word for word in rest.split() if not word.startswith("--")]
        stage = _source(rest)
        for source in sources:
            from_path = self._done / stage / source.lstrip("/") if stage else self._context / source
            assert stage or self._is_allowed(source), f"{source} is kept out by .dockerignore"
            to_path = self.root / target.lstrip("/") if target.startswith("/") else at / target
            if from_path.is_dir():
                shutil.copytree(from_path, to_path, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(from_path, to_path / Path(source).name if target.endswith("/") else to_path)

    def _is_allowed(self, source: str) -> bool:
        patterns = [line.removeprefix("!") for line in self._ignored if line.startswith("!")]
        return any(fnmatch(source, pattern) or source.startswith(f"{pattern}/") for pattern in patterns)


def _source(rest: str) -> str:
    """The stage that a COPY takes from, else nothing."""
    found = re.match(r"--from=(\S+)", rest)
    return found[1] if found else ""
