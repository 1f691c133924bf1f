"""Timings: the metrics of how long things take. See vocabulary.py.

Those of calls are what OpenTelemetry names gen_ai.client.operation.duration, gen_ai.server.time_to_first_token and
gen_ai.server.time_per_output_token, with its buckets.
"""

from penchant.telemetry.metrics.words import Metric, WorkerMetric

# fmt: off
TIMINGS: tuple[WorkerMetric, ...] = (
    Metric(
        "histogram", "freshness_seconds", "From the append of an intent's oldest new event to its write in Redis, with "
        "an urgent action among the events (`urgent`) or without (`other`).",
        "Above backlog.freshness_target_s: add model replicas if calls wait, workers if `partition_lag_offsets` grows.",
        lambda instruments: [((name,), each) for name, each in instruments.meter.timings.freshness.items()], ("class",),
    ),
    Metric(
        "histogram", "model_freshness_seconds", "The same until the model's own intent, where it has made one.",
        "Far above `freshness_seconds`: the rules' intents stand in while a slow model is still at its answers. "
        "A goal for freshness is one for this.",
        lambda instruments: [((), instruments.meter.model_freshness_s)],
    ),
    Metric(
        "histogram", "queue_seconds", "How long shoppers who were due waited for a slot at a model server.",
        "Grows while `replica_limit` is full: the model is the bottleneck; add servers.",
        lambda instruments: [((name,), each) for name, each in instruments.meter.timings.queue.items()], ("class",),
    ),
    Metric(
        "histogram", "call_seconds", "How long answered calls took, from the request to the end of the answer.",
        "Grows with the same tokens: the servers are slower, or shared. Compare `replica_service_seconds`.",
        lambda instruments: [((), instruments.meter.timings.call)],
    ),
    Metric(
        "histogram", "first_token_seconds", "From a request to the first token of its answer, the server's own queue "
        "included, as far as servers tell.",
        "Grows while `token_seconds` stays: calls queue at the servers, or less of their prompts is cached.",
        lambda instruments: [((), instruments.meter.timings.first_token)],
    ),
    Metric(
        "histogram", "token_seconds", "What each token after the first took, as far as servers tell.",
        "Grows: batches are larger, or a GPU is slower than its peers.",
        lambda instruments: [((), instruments.meter.timings.token)],
    ),
    Metric(
        "histogram", "redis_seconds", "Round trips to Redis that were answered: sessions read (`load`), sessions and "
        "intents written (`write`), marks of what is owed (`owed`).",
        "p99 near redis.timeout_s: Redis or the network to it is busy; more than that counts as away.",
        lambda instruments: [((name,), each) for name, each in instruments.meter.timings.redis.copy().items()],
        ("operation",),
    ),
    Metric(
        "histogram", "loop_lag_seconds", "How late the event loop runs what is due.",
        "p99 above 0.01 or pauses above 0.05: the worker's core is full; add workers, or give it a core of its own.",
        lambda instruments: [((), instruments.loop_lag.histogram)],
    ),
)
