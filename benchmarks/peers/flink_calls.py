"""Apache Flink with a call of a model for each event, by async I/O, and its answer written to Redis.

Run as `SCRIPT BOOTSTRAP TOPIC MODEL REDIS AT_ONCE CORE`, once benchmarks/jvm.py has made it.
"""

import sys

from benchmarks.jvm import FLINK

if __name__ == "__main__":
    *arguments, core = sys.argv[1:]
    FLINK.become("ingest.Calls", arguments, core)
