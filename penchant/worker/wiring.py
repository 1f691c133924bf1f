"""Wiring: settings become the plain values that the parts take. One function a part, nothing else."""

from dataclasses import replace
from pathlib import Path

from agents.experiments.assignment import Arm, Experiment
from agents.experiments.guardrails import GuardrailRules
from agents.worker.asking import CallRules
from agents.worker.backlog import Targets
from agents.worker.checkpoints import ExpiryRules
from agents.worker.enrichment import UpkeepRules
from agents.worker.eviction import EvictionRules
from agents.worker.parking import ParkingRules
from clients.calls import Sampling
from clients.limits import adaptive_limit as calls_limit
from clients.pools.endpoints import Endpoint, Pool, Price
from clients.pools.registry import RosterRules
from clients.pools.router import FleetRules
from penchant.settings import experiments as experiment_settings
from penchant.settings import pools as pool_settings
from penchant.settings.root import Settings
from prompts.budget import Budget
from storage.gather import GatherRules
from streams.kafka.faust_app import KafkaGroup
from streams.records.dead_letters import LimitRules
from streams.sessions.session import SessionRules
from streams.sessions.triggers import TriggerRules

EVICT_AT = 0.8
"""Clean sessions are dropped beyond this share of the most that may be held, so that the bound itself is rarely met."""


def group(settings: Settings, folder: Path) -> KafkaGroup:
    """How the worker takes part in its consumer group."""
    kafka = settings.kafka
    return KafkaGroup(
        bootstrap=kafka.bootstrap,
        group_id=kafka.group,
        folder=folder,
        instance_id=kafka.instance_id,
        commit_interval_s=kafka.commit_interval_s,
        session_timeout_s=kafka.session_timeout_s,
        credentials=kafka.options.credentials(),
        isolation=kafka.isolation,
        batch_records=kafka.max_poll_records,
    )


def session(settings: Settings) -> SessionRules:
    """How events fold."""
    rules = settings.session
    return SessionRules(
        gap_ms=_ms(rules.gap_s),
        future_skew_ms=_ms(rules.future_skew_s),
        high_rows=rules.high_rows,
        low_rows=rules.low_rows,
    )


def triggers(settings: Settings) -> TriggerRules:
    """When a session is due."""
    return TriggerRules(**settings.triggers.model_dump())


def targets(settings: Settings) -> Targets:
    """How fresh intents should be."""
    return Targets(settings.backlog.freshness_target_s, settings.backlog.urgent_target_s)


def parking(settings: Settings) -> ParkingRules:
    """When a head is parked though owed."""
    return ParkingRules(settings.backlog.park_after_s, settings.backlog.max_span, settings.redis.pipeline)


def upkeep(settings: Settings) -> UpkeepRules:
    """What bounds a worker."""
    backlog = settings.backlog
    return UpkeepRules(
        max_span=backlog.max_span,
        max_sessions=backlog.max_sessions,
        max_bytes=backlog.max_bytes,
        commit_lag_s=settings.commit.lag_s,
        eviction=EvictionRules(most=int(backlog.max_sessions * EVICT_AT), most_bytes=int(backlog.max_bytes * EVICT_AT)),
    )


def calls(settings: Settings) -> CallRules:
    """How the model is called."""
    model = settings.model
    return CallRules(
        max_in_flight=model.max_in_flight,
        deadline_s=model.deadline_s,
        max_answers=model.max_attempts,
        give_up_s=settings.backlog.freshness_target_s,
    )


def pools(settings: Settings) -> tuple[Pool, ...]:
    """Everybody's model servers: those of the pools that are no arm's, without pools the one of [model]."""
    if settings.pools is None:
        return (Pool("model", (_endpoint(settings, pool_settings.Endpoint(url=settings.model.url)),)),)
    reserved = {arm.pool for experiment in settings.experiments or () for arm in experiment.arms}
    return tuple(_pool(settings, pool) for pool in settings.pools if pool.name not in reserved)


def arm_pools(settings: Settings, arm: Arm) -> tuple[Pool, ...] | None:
    """The model servers of an arm; None when they are everybody's."""
    if arm.pool is None and arm.model is None:
        return None
    own = [_pool(settings, pool) for pool in settings.pools or () if pool.name == arm.pool] or pools(settings)
    if arm.model is None:
        return tuple(own)
    return tuple(
        Pool(f"{pool.name}:{arm.model}", tuple(replace(each, model=arm.model) for each in pool.endpoints))
        for pool in own
    )


def experiments(settings: Settings) -> tuple[Experiment, ...]:
    """What is tried, and on whom."""
    return tuple(
        Experiment(
            each.name,
            tuple(_arm(settings, arm) for arm in each.arms),
            GuardrailRules(**each.guardrails.model_dump()),
        )
        for each in settings.experiments or ()
    )


def roster(settings: Settings, eagerness: float = 1.0) -> RosterRules:
    """How many calls a server may get at the most; the rest is found out."""
    return RosterRules(calls_limit.LimitRules(most=settings.model.max_in_flight, eagerness=eagerness))


def fleet(settings: Settings) -> FleetRules:
    """Where a shopper's call goes."""
    routing = settings.routing
    return FleetRules(home_s=routing.home_s, spill_after_s=routing.spill_after_s, hedging=routing.hedging)


def sampling(settings: Settings) -> Sampling:
    """How the model is to answer."""
    model = settings.model
    return Sampling(model.max_tokens, model.temperature, model.seed)


def budget(settings: Settings) -> Budget:
    """How long prompts may be."""
    return Budget(settings.prompt.high_tokens, settings.prompt.low_tokens)


def expiry(settings: Settings) -> ExpiryRules:
    """How long intents and contexts live."""
    intent = settings.intent
    return ExpiryRules(_ms(intent.ttl_s), _ms(settings.session.gap_s), _ms(intent.context_margin_s))


def gather(settings: Settings) -> GatherRules:
    """How writes become pipelines."""
    return GatherRules(settings.redis.pipeline, settings.redis.gather_ms / 1e3)


def limit(settings: Settings) -> LimitRules:
    """When to stop refusing."""
    rules = settings.dead_letters
    return LimitRules(rules.limit_share, rules.window_s, rules.min_events)


def _arm(settings: Settings, arm: experiment_settings.Arm) -> Arm:
    """What an arm does not say of sampling is as in [model]."""
    said = {name: value for name in ("max_tokens", "temperature", "seed") if (value := getattr(arm, name)) is not None}
    return Arm(
        name=arm.name,
        hundredths=round(arm.percent * 100),
        kind=arm.kind,
        pool=arm.pool,
        model=arm.model,
        prompt_version=arm.prompt_version,
        sampling=replace(sampling(settings), **said) if said else None,
    )


def _pool(settings: Settings, pool: pool_settings.Pool) -> Pool:
    return Pool(pool.name, tuple(_endpoint(settings, endpoint) for endpoint in pool.endpoints))


def _endpoint(settings: Settings, endpoint: pool_settings.Endpoint) -> Endpoint:
    """What an endpoint does not say is as in [model]."""
    model = settings.model
    key, server = endpoint.api_key or model.api_key, endpoint.server or model.server
    return Endpoint(
        url=endpoint.url,
        dialect=endpoint.dialect or model.dialect,
        model=endpoint.model or model.name,
        api_key=key.get_secret_value() if key else None,
        server=None if server == "auto" else server,
        tokens_per_block=endpoint.tokens_per_block or model.tokens_per_block,
        weight=endpoint.weight,
        price=Price(
            per_hour=endpoint.price_per_hour,
            per_million_input=endpoint.price_per_million_input,
            per_million_cached=endpoint.price_per_million_cached,
            per_million_output=endpoint.price_per_million_output,
        ),
    )


def _ms(seconds: float) -> int:
    return round(seconds * 1e3)
