"""Apache Flink: the classes in flink/, on a JVM that keeps to the same core.

Run as `SCRIPT BOOTSTRAP TOPIC EVENTS CORE` like the scripts beside it, once benchmarks/jvm.py has made it.
"""

import sys

from benchmarks.jvm import FLINK

if __name__ == "__main__":
    *arguments, core = sys.argv[1:]
    FLINK.become("ingest.Ingest", arguments, core)
