"""Supervised: what the parent of several workers says of their processes (penchant/supervisor). See vocabulary.py."""

from penchant.telemetry.metrics.words import Metric, WorkerMetric

WORKER = "worker"
"""The label that a worker's series have beside those of others: its number, from 1."""

# fmt: off
UP: WorkerMetric = Metric(
    "gauge", "worker_up", "1 while this worker's process runs. Only with `--workers`.",
    "0 for long: it ends whenever it is started; read its last lines in the log.",
    lambda _: (), (WORKER,),
)
RESTARTS: WorkerMetric = Metric(
    "counter", "worker_restarts", "Starts of this worker's process but the first. Only with `--workers`.",
    "Grows: the log line `worker.ended` has the exit status, negative for a signal; -9 without anybody who sent it is "
    "the memory.",
    lambda _: (), (WORKER,),
)

SUPERVISED = (UP, RESTARTS)
