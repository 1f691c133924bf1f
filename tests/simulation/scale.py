"""Scale: the rules of the real parts, scaled down so that everything happens within half a minute of virtual time."""

import random
from dataclasses import dataclass, replace

from agents.worker.asking import CallRules
from agents.worker.backlog import Targets
from agents.worker.checkpoints import ExpiryRules
from agents.worker.enrichment import UpkeepRules
from agents.worker.eviction import EvictionRules
from agents.worker.ingest import SliceRules
from agents.worker.parking import ParkingRules
from storage.gather import GatherRules
from streams.records.dead_letters import LimitRules
from streams.sessions.session import SessionRules
from streams.sessions.triggers import TriggerRules

COMMIT_LAG_S = 2.0
SESSION_TIMEOUT_S = 1.5
STORE_TIMEOUT_S = 0.4
BROKER_TIMEOUT_S = 0.5


@dataclass(frozen=True, slots=True)
class Scale:
    """One seed's rules."""

    session: SessionRules
    trigger: TriggerRules
    targets: Targets
    parking: ParkingRules
    calls: CallRules
    upkeep: UpkeepRules
    expiry: ExpiryRules
    limit: LimitRules
    gather: GatherRules
    slices: SliceRules


def draw(chance: random.Random) -> Scale:
    """Rules that differ a little from seed to seed."""
    span = chance.choice([12, 40, 200])
    drop_s, most = chance.choice([3.0, 900.0]), chance.choice([0, 4, 1_000, 1_000])
    eviction = EvictionRules(pack_s=0.5, drop_s=drop_s, most=most, step=chance.choice([3, 50]))
    parking = ParkingRules(after_s=chance.choice([0.6, 1.5]), max_span=span, most=chance.choice([2, 16]))
    calls = CallRules(chance.choice([1, 3, 8]), deadline_s=1.5, give_up_s=chance.choice([0.8, 2.0]), backoff_s=0.1)
    intent_ttl_ms = chance.choice([86_400_000, 86_400_000, 9_000])
    return Scale(
        session=SessionRules(gap_ms=6_000, future_skew_ms=2_000, high_rows=9, low_rows=5),
        trigger=TriggerRules(debounce_s=0.25, max_wait_s=0.8, max_events=5, min_interval_s=0.5),
        targets=Targets(fresh_s=1.2, urgent_s=0.5),
        parking=parking,
        calls=replace(calls, max_backoff_s=1.0),
        upkeep=UpkeepRules(
            every_s=0.1,
            store_retry_s=0.3,
            max_span=span,
            max_sessions=1_000,
            commit_lag_s=COMMIT_LAG_S,
            recall_every_s=2.0,
            eviction=eviction,
        ),
        expiry=ExpiryRules(intent_ttl_ms, gap_ms=6_000, margin_ms=600_000),
        limit=LimitRules(share=0.6, window_s=1.0, min_events=12),
        gather=GatherRules(most=4, wait_s=0.002),
        slices=SliceRules(records=6),
    )
