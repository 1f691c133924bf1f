"""Apache Flink: the classes in flink/, on a JVM that keeps to the same core.

Run as `SCRIPT BOOTSTRAP TOPIC EVENTS CORE` like the scripts beside it, once benchmarks/jvm.py has made it.
"""

import os
import sys

from benchmarks.jvm import FLINK

OPENED = ("java.util", "java.lang", "java.time")
"""Packages of the JDK that Flink's serializers look into."""

if __name__ == "__main__":
    *arguments, core = sys.argv[1:]
    if core:
        os.sched_setaffinity(0, {int(core)})
    opened = [part for name in OPENED for part in ("--add-opens", f"java.base/{name}=ALL-UNNAMED")]
    options = ["-XX:+UseSerialGC", "-Xmx1500m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
    os.execvp("java", ["java", *opened, *options, "-cp", FLINK.classpath(), "ingest.Ingest", *arguments])
