"""Systems: those that the ingest benchmark compares, each a script in benchmarks/ with an environment of its own."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks.environments import TOLD, Environment, run
from benchmarks.jvm import FLINK, JavaProgram
from penchant.offline.facts import ROOT
from streams.errors import PlatformLacks

FOLDER = ROOT / "benchmarks"
RUN_WITHIN_S = 1_200.0


@dataclass(frozen=True, slots=True)
class System:
    """Without an `environment` a system runs in our own."""

    name: str
    script: str
    environment: Environment | JavaProgram | None = None

    @property
    def python(self) -> Path:
        """The interpreter to run it with."""
        return self.environment.python if self.environment else Path(sys.executable)


OURS = System("penchant_decode_fold", "peers/penchant_batches.py")
OTHERS = (
    System("plain_faust", "peers/plain_faust.py"),
    System("quix", "peers/quix.py", Environment("quix")),
    System("bytewax", "peers/bytewax_flow.py", Environment("bytewax")),
    System("flink", "peers/flink.py", FLINK),
    System("librdkafka", "peers/librdkafka.py", Environment("librdkafka")),
)


async def measure(command: Sequence[str]) -> dict[str, Any]:
    """Run a command and return the JSON object of its last line; PlatformLacks with what it said when it fails."""
    status, printed, said = await run(command, RUN_WITHIN_S)
    lines = printed.splitlines()
    if status or not lines:
        raise PlatformLacks(f"{' '.join(command)} failed with status {status}: {said[-TOLD:].strip()}")
    figures: dict[str, Any] = orjson.loads(lines[-1])
    return figures


def checkout() -> Path:
    """The folder of the scripts; PlatformLacks where Penchant was installed without them."""
    if not FOLDER.is_dir():
        raise PlatformLacks(
            "benchmarks/ is not beside the package", "run it from a checkout: git clone, then make setup"
        )
    return FOLDER
