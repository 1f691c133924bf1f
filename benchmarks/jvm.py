"""JVM: programs of others that run on Java, compiled under run/peers, with pinned versions in their pom.xml."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environments import TOLD, run
from penchant.offline.facts import ROOT
from sandbox.servers import maven
from streams.errors import PlatformLacks

COMPILE_WITHIN_S = 400.0
OPTIONS = ("-XX:+UseSerialGC", "-Xmx1500m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")


@dataclass(frozen=True, slots=True)
class JavaProgram:
    """The classes in benchmarks/peers/NAME and in other folders, `beside`; `artifact` of its pom.xml is what makes it.
    `opened` are packages of the JDK that it looks into."""

    name: str
    artifact: str
    opened: Sequence[str] = ()
    beside: Sequence[Path] = ()

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
        folders = (self._sources, *self.beside)
        sources = map(str, sorted(source for folder in folders for source in folder.rglob("*.java")))
        status, _, said = await run(
            ["javac", "-nowarn", "-cp", jars, "-d", str(self._classes), *sources], COMPILE_WITHIN_S
        )
        return f"not compiled: {said[-TOLD:].strip()}" if status else None

    def command(self, entry: str, *arguments: str) -> list[str]:
        """What runs one of its classes, once it is installed."""
        opened = [word for name in self.opened for word in ("--add-opens", f"java.base/{name}=ALL-UNNAMED")]
        classpath = os.pathsep.join([str(self._classes), self._jars()])
        return ["java", *opened, *OPTIONS, "-cp", classpath, entry, *arguments]

    def become(self, entry: str, arguments: Sequence[str], core: str) -> None:
        """Run one of its classes in the place of this process, on a core, or on any where that is empty."""
        if core:
            os.sched_setaffinity(0, {int(core)})
        command = self.command(entry, *arguments)
        os.execvp(command[0], command)  # noqa: S606 (our own command line)

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


FLINK = JavaProgram(
    "flink",
    "flink-streaming-java",
    opened=("java.util", "java.lang", "java.time"),
    beside=(ROOT / "readers" / "java" / "src" / "main" / "java",),
)
"""Its serializers look into the JDK. The Java reader is beside it, for the job that asks `penchant serve`."""
