"""Maven: the jars of what runs on Java, fetched once."""

import os
import shutil
import subprocess
from pathlib import Path

from streams.errors import PlatformLacks

RESOLVE_WITHIN_S = 600
REMEDY = "install a JDK (17 or newer) and Maven: apt install openjdk-17-jdk-headless maven"


def classpath(name: str, pom: str) -> str:
    """The jars that a pom.xml lists, fetched by Maven once and remembered by `name` in the user's cache; PlatformLacks
    when that cannot be done."""
    if not shutil.which("java"):
        raise PlatformLacks("there is no Java here", REMEDY)
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "penchant" / name
    remembered, project = folder / "classpath.txt", folder / "pom.xml"
    if project.exists() and project.read_text() == pom and _there(remembered):
        return remembered.read_text()
    if not shutil.which("mvn"):
        raise PlatformLacks(f"there is no Maven here to fetch {name}", REMEDY)
    folder.mkdir(parents=True, exist_ok=True)
    remembered.unlink(missing_ok=True)
    project.write_text(pom)
    resolve = ["mvn", "-B", "-q", "dependency:build-classpath", f"-Dmdep.outputFile={remembered}"]
    said = subprocess.run(  # noqa: S603 (our own command line)
        resolve, check=False, cwd=folder, capture_output=True, text=True, timeout=RESOLVE_WITHIN_S
    )
    if said.returncode:
        raise PlatformLacks(f"Maven cannot fetch {name}: {said.stdout[-2_000:]}", "give Maven a way to its repository")
    return remembered.read_text()


def _there(remembered: Path) -> bool:
    return remembered.exists() and all(Path(jar).exists() for jar in remembered.read_text().split(os.pathsep))
