"""Vocabulary: every metric of a worker, what it says, and what to do when it moves.

They are read when somebody asks for them, so that counting costs no more than the
plain counts of agents/health/statistics.py.
docs/metrics.md is made from this: `python -m penchant.telemetry.metrics.page > docs/metrics.md`.
"""

import time

from penchant import __version__
from penchant.telemetry.metrics import readings
from penchant.telemetry.metrics.answers import ANSWERS
from penchant.telemetry.metrics.arms import ARMS
from penchant.telemetry.metrics.events import EVENTS
from penchant.telemetry.metrics.model_side import MODEL_SIDE
from penchant.telemetry.metrics.partitions import PARTITIONS
from penchant.telemetry.metrics.supervised import SUPERVISED
from penchant.telemetry.metrics.timings import TIMINGS
from penchant.telemetry.metrics.words import Metric, WorkerMetric

VOCABULARY: tuple[WorkerMetric, ...] = (
    *EVENTS,
    Metric(
        "counter", "dead_letters", "Records refused and sent to the dead-letter topic.",
        "Any: read the newest dead letter; `schema` and `json` are a producer's mistake, `unit` a time in seconds or "
        "microseconds, `nobody` an event without the id of one shopper, `key` a topic not keyed by shopper. Beyond "
        "dead_letters.limit_share the worker stops by itself.",
        readings.dead_letters, ("reason",),
    ),
    Metric(
        "counter", "dead_letters_lost",
        "Records refused that Kafka will never take as dead letters, even cut short; the log names where each stands.",
        "Any: grant the right to write to kafka.dead_letter_topic, or raise its max.message.bytes.",
        readings.count("dead_letters_lost"),
    ),
    Metric(
        "gauge", "dead_letters_waiting", "Dead letters that the topic has not acknowledged yet.",
        "Grows: `dependency_up` of `dead_letters` says why; beyond a bound partitions are paused.",
        readings.seen(lambda vitals: vitals.letters),
    ),
    Metric(
        "counter", "records_expired", "Records that the topic's retention deleted before they were read.",
        "Any: those events are lost to the sessions; raise retention.ms, or add workers.",
        readings.count("records_expired"),
    ),
    Metric(
        "counter", "calls", "Calls to the model.",
        "Nearly as many as events: raise triggers.debounce_s or triggers.min_interval_s.",
        readings.count("calls"),
    ),
    Metric(
        "counter", "call_failures", "Calls that failed or passed their deadline. They are tried again.",
        "Look at the model server; while `dependency_up` of the model is 0 the rules stand in.",
        readings.count("call_failures"),
    ),
    Metric(
        "counter", "calls_dropped", "Calls given up because their partition went elsewhere or the worker ended.",
        "Grows without deployments: the group rebalances; raise kafka.session_timeout_s or set kafka.instance_id.",
        readings.count("dropped"),
    ),
    *ANSWERS,
    Metric(
        "gauge", "calls_in_flight", "Calls under way.",
        "At calls.max_in_flight all the time while `backlog_shoppers` grows: the model is the bottleneck.",
        readings.count("in_flight"),
    ),
    *MODEL_SIDE,
    *ARMS,
    Metric(
        "counter", "tokens", "Tokens, as the server tells; `cached` are those of `input` whose KV blocks were reused.",
        "The share of `cached` falls: calls of a shopper go to changing replicas, or their caches are too small.",
        readings.tokens, ("kind",),
    ),
    Metric(
        "counter", "intents", "Intents written.",
        "`rules` grows: the model is away or too slow, and simpler intents stand in until it is back.",
        readings.intents, ("source",),
    ),
    *TIMINGS,
    Metric(
        "counter", "next_events",
        "Events that asked for a call and were followed by their session's next one, by whose intent could be read "
        "before it: `model`, `rules`, `left_out`: the one before was held to say the same, or `late`: none.",
        "The share of `late` grows: pages are built before their intent is there; look at freshness by part.",
        readings.in_time, ("intent",),
    ),
    Metric(
        "counter", "intents_rules_shown", "Rules' intents that were to be shown while their call still ran.",
        "At a fifth of `calls` for long: most answers take longer than calls.soft_deadline_s.",
        readings.count("rules_shown"),
    ),
    Metric(
        "counter", "intents_rules_first", "Rules' intents that were shown until a slow model's answer replaced them.",
        "Grows with `calls`: answers take longer than calls.soft_deadline_s; add replicas, or a smaller model.",
        readings.count("rules_first"),
    ),
    Metric(
        "counter", "calls_left_out", "Calls that were not made, since the rules said what they said at the last one.",
        "0 unless calls.unchanged_for_s is set; how good that is say `left_out_checked` and `left_out_wrong`.",
        readings.count("calls_left_out"),
    ),
    Metric(
        "counter", "calls_begun_anew",
        "Calls that were cancelled just after they had begun, for one that covers an urgent action too.",
        "At most a twentieth of `calls`. Grows: calls take longer than half of a target; add replicas.",
        readings.count("calls_begun_anew"),
    ),
    Metric(
        "counter", "left_out_checked", "Calls that could have been left out, and were made to check.",
        "About one in 50 of those left out.",
        readings.count("left_out_checked"),
    ),
    Metric(
        "counter", "left_out_wrong", "Of these: the model said something else in a hot field than before.",
        "The share of `left_out_checked` is how many intents go stale: lower calls.unchanged_for_s where it is large.",
        readings.count("left_out_wrong"),
    ),
    Metric(
        "counter", "sessions_parked", "Sessions written without a call: none was needed, or waiting held the commit.",
        "Grows as fast as `calls`: the model is too slow for the traffic.",
        readings.count("parked"),
    ),
    Metric(
        "gauge", "backlog_shoppers", "Shoppers who are owed a call or a write.",
        "Grows for minutes: the model does not keep up; add replicas, or raise triggers.min_interval_s.",
        readings.seen(lambda vitals: vitals.owed),
    ),
    Metric(
        "gauge", "sessions", "Sessions in memory, unpacked (hot) or packed.",
        "Near backlog.max_sessions: partitions are about to pause; add workers.",
        readings.sessions, ("form",),
    ),
    Metric(
        "gauge", "sessions_bytes", "About how much memory the sessions take.",
        "Near backlog.max_bytes: as above.",
        readings.seen(lambda vitals: vitals.held.size_bytes),
    ),
    Metric(
        "counter", "store_failures", "Reads and writes that Redis did not answer in time. They are tried again.",
        "Look at Redis and the network to it; nothing is committed meanwhile, and nothing lost.",
        readings.count("store_failures"),
    ),
    Metric(
        "counter", "writes_stale", "Writes refused because the store knew better. The events are read again.",
        "More than a few after a rebalance: two workers write the same shoppers; is the namespace used by two topics?",
        readings.count("stale_writes"),
    ),
    Metric(
        "counter", "rewinds", "Partitions read again from their committed offsets: the store knew better (`stale`), a "
        "shopper was `erased` or `opted_in`, our code failed at an event (`fault`), or the `store` came back as "
        "another one.",
        "One cause again and again while `partition_committed_offset` stands still: the log names the partition; look "
        "at the oldest uncovered event. Each try in vain waits longer, up to 15 s.",
        readings.rewinds, ("cause",),
    ),
    Metric(
        "counter", "history_missed", "Intents that rankers have and the history topics have not.",
        "Any: Kafka does not take records of kafka.history_topic or kafka.intents_topic; what was missed stays missed.",
        readings.count("history_missed"),
    ),
    Metric(
        "counter", "faults",
        "Exceptions that nobody expected, by what was being done: of Penchant itself or of a library. What they hit is "
        "tried again, then done without what failed: the rules answer, the session is stored alone, a letter goes "
        "without the record's contents.",
        "Any: report the log line `fault` with its traceback; each kind is logged once.",
        readings.faults, ("work", "kind"),
    ),
    Metric(
        "counter", "shoppers_given_up",
        "Shoppers whose session could not be stored in nine tries while others were: what they did since is lost.",
        "Any: as above. The log line `shopper.given_up` names partition and offset.",
        readings.count("given_up"),
    ),
    Metric(
        "counter", "intents_expired",
        "Calls that were not made, since their intents would have expired as they were written: their events are older "
        "than intent.ttl_s. The sessions are kept.",
        "On a new group that reads a topic's history: nothing. Else the lag is longer than intent.ttl_s: add workers.",
        readings.count("expired"),
    ),
    Metric(
        "counter", "contexts_missed",
        "Shoppers without a stored session whose first event is so old that one may have expired before it was read.",
        "On a new group that reads a topic's history: nothing. After the fleet was away for longer than intent.ttl_s: "
        "`penchant replay` rebuilds their sessions.",
        readings.count("contexts_missed"),
    ),
    Metric(
        "counter", "sessions_unreadable",
        "Stored sessions that could not be read: damaged, or packed by a later version. Their shoppers began anew.",
        "After a rollback: expected, once for each active shopper. Else something writes into this Redis beside "
        "Penchant: the log line `session.unreadable` names keys.",
        readings.count("sessions_unreadable"),
    ),
    Metric(
        "gauge", "dependency_up", "1 when Kafka, Redis or the model answers, or the dead-letter topic; 0 when not.",
        "0: bring it back. The worker waits, and needs no restart.",
        readings.up, ("dependency",),
    ),
    Metric(
        "gauge", "ready", "1 when all dependencies answer, as /ready says.",
        "0: /ready names the reasons.",
        lambda instruments: [((), instruments.health.ready(time.monotonic()).ok)],
    ),
    Metric(
        "gauge", "alive", "1 unless the worker is stuck, as /alive says.",
        "0: /alive names the reasons. The orchestrator restarts the worker; keep its log.",
        lambda instruments: [((), instruments.health.alive(time.monotonic()).ok)],
    ),
    *PARTITIONS,
    *SUPERVISED,
    Metric(
        "gauge", "build_info", "1, with the version that runs.",
        "Differs between workers for long: a deployment is stuck half-way.",
        lambda _: [((__version__,), 1)], ("version",),
    ),
)  # fmt: skip
"""In the order of an event's way."""
