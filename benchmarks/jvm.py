"""JVM: programs of others that run on Java, compiled under run/peers, with pinned versions in their pom.xml."""

import asyncio
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environments import TOLD, run
from penchant.offline.facts import ROOT
from sandbox.servers import maven
from streams.errors import PlatformLacks

COMPILE_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class JavaProgram:
    """The classes in benchmarks/peers/NAME; `artifact` of its pom.xml is what makes it."""

    name: str
    artifact: str

    @property
    def python(self) -> Path:
        """What starts it is a script for our own interpreter."""
        return Path(sys.executable)

    def version(self) -> dict[str, str]:
        """The version of the artifact, by the program's name."""
        found = re.search(rf"<artifactId>{self.artifact}</artifactId>\s*<version>(.+?)</version>", self._pom)
        return {self.name: found[1]} if found else {}

    async def install(self) -> str | None:
        """Fetch its jars and compile it; returns why that cannot be done here, None when it can."""
        if not shutil.which("javac"):
            return f"there is no Java compiler here: {maven.REMEDY}"
        try:
            jars = await asyncio.to_thread(self._jars)
        except PlatformLacks as lack:
            return str(lack)
        sources = map(str, sorted(self._sources.rglob("*.java")))
        status, _, said = await run(
            ["javac", "-nowarn", "-cp", jars, "-d", str(self._classes), *sources], COMPILE_WITHIN_S
        )
        return f"not compiled: {said[-TOLD:].strip()}" if status else None

    def classpath(self) -> str:
        """Its classes and jars, once it is installed."""
        return os.pathsep.join([str(self._classes), self._jars()])

    def _jars(self) -> str:
        return maven.classpath(f"{self.name}-{self.version()[self.name]}", self._pom)

    @property
    def _pom(self) -> str:
        return (self._sources / "pom.xml").read_text()

    @property
    def _sources(self) -> Path:
        return ROOT / "benchmarks" / "peers" / self.name

    @property
    def _classes(self) -> Path:
        return ROOT / "run" / "peers" / self.name


FLINK = JavaProgram("flink", "flink-streaming-java")
