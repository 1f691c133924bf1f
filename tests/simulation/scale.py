"""Scale: the rules of the real parts, scaled down so that everything happens within half a minute of virtual time."""

import random
from dataclasses import dataclass, replace

from agents.worker.asking import CallRules
from agents.worker.backlog_rules import BacklogRules
from agents.worker.eviction import EvictionRules
from agents.worker.slices import SliceRules
from agents.worker.upkeep import UpkeepRules
from storage.redis_rules import RedisRules
from streams.records.dead_letters import LimitRules
from streams.records.intents import IntentRules
from streams.sessions.ledger import CommitRules
from streams.sessions.session import SessionRules
from streams.sessions.triggers import TriggerRules

COMMIT_LAG_S = 2.0
SESSION_TIMEOUT_S = 1.5
STORE_TIMEOUT_S = 0.4
BROKER_TIMEOUT_S = 0.5
SKEW_MS = 3_000
"""How far clocks may differ before an expiry is taken for a loss."""


@dataclass(frozen=True, slots=True)
class Scale:
    """One seed's rules."""

    session: SessionRules
    triggers: TriggerRules
    backlog: BacklogRules
    calls: CallRules
    upkeep: UpkeepRules
    intent: IntentRules
    commit: CommitRules
    dead_letters: LimitRules
    redis: RedisRules
    slices: SliceRules


def draw(chance: random.Random) -> Scale:
    """Rules that differ a little from seed to seed."""
    span = chance.choice([12, 40, 200])
    drop_s, most = chance.choice([3.0, 900.0]), chance.choice([0, 4, 1_000, 1_000])
    eviction = EvictionRules(pack_s=0.5, drop_s=drop_s, most=most, step=chance.choice([3, 50]), turns=1)
    park_after_s, pipeline = chance.choice([0.6, 1.5]), chance.choice([2, 16])
    calls = CallRules(chance.choice([1, 3, 8]), deadline_s=1.5, give_up_s=chance.choice([0.8, 2.0]), backoff_s=0.1)
    calls = replace(calls, longest_deadline_s=3.0, soft_deadline_s=0.3)
    ttl_s = chance.choice([86_400.0, 86_400.0, 9.0])
    return Scale(
        session=SessionRules(gap_s=6.0, future_skew_s=2.0, high_rows=9, low_rows=5),
        triggers=TriggerRules(debounce_s=0.25, max_wait_s=0.8, max_events=5, min_interval_s=0.5),
        backlog=BacklogRules(
            max_sessions=1_000,
            max_span=span,
            park_after_s=park_after_s,
            freshness_target_s=1.2,
            urgent_target_s=0.5,
        ),
        calls=replace(calls, max_backoff_s=1.0),
        upkeep=UpkeepRules(every_s=0.1, store_retry_s=0.3, recall_every_s=2.0, eviction=eviction),
        intent=IntentRules(ttl_s=ttl_s, context_margin_s=600.0),
        commit=CommitRules(lag_s=COMMIT_LAG_S),
        dead_letters=LimitRules(limit_share=0.6, window_s=1.0, min_events=12),
        redis=RedisRules(pipeline=pipeline),
        slices=SliceRules(records=6),
    )
