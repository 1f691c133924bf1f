"""Model side: what calls are made with, by the settings: clients in pools, and what is asked."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from agents.experiments.assignment import Arm
from agents.learning.predictors import predicting, read_predictor
from agents.worker.knowledge import Knowledge
from agents.worker.reasoning import Learned, Reasoning
from clients.calls import ModelClient, Sampling
from clients.dialects import discovery
from clients.limits.adaptive_limit import LimitRules
from clients.pools.client import PooledClient
from clients.pools.endpoints import Endpoint, Pool
from clients.pools.probes import SharedFindings
from clients.pools.registry import Notify, RegistryRules
from penchant.settings.root import Settings
from prompts.learned.predictor import Predictor
from prompts.tokens import Count
from prompts.view import About
from storage.connection import Client
from storage.keys import Keys
from storage.knowledge import RedisKnowledge
from streams.errors import SettingInvalid


class MakeReasoning(Protocol):
    """Says what is asked, by the name of a prompt, a sampling, and the file of a predictor that is not everybody's."""

    def __call__(self, name: str, sampling: Sampling, predictor: Path | None = None) -> Reasoning: ...


class ModelSide:
    """Makes clients. A `model` that is handed in is the only server, whatever the settings say. `findings` are where
    workers share what their probes find."""

    def __init__(
        self,
        settings: Settings,
        model: ModelClient | None,
        notify: Notify | None,
        findings: SharedFindings | None = None,
    ) -> None:
        self._settings, self._model, self._notify, self._findings = settings, model, notify, findings

    def everybody(self, eagerness: float = 1.0) -> PooledClient:
        """The servers of those who are in no arm. A small eagerness gives way to others at the same servers."""
        alone = (Pool("model", (Endpoint(url=self._settings.model.url),)),)
        return self.client(pools(self._settings) if self._model is None else alone, eagerness)

    def client(self, pools: tuple[Pool, ...], eagerness: float = 1.0) -> PooledClient:
        """Pools of servers, with limits of their own."""
        model, settings = self._model, self._settings
        registry = RegistryRules(limits(settings, eagerness))
        namespace = settings.redis.namespace
        connect = (lambda each: model_client(each, namespace)) if model is None else lambda _: model
        return PooledClient(
            pools,
            connect,
            registry,
            settings.routing,
            self._notify,
            findings=self._findings,
            epoch_s=time.time() - time.monotonic(),
        )


def limits(settings: Settings, eagerness: float = 1.0) -> LimitRules:
    """Of each server. Where calls begin on a beat, there is room for all from the start: that they wait for each
    other then says nothing of the server."""
    usual = LimitRules(most=settings.calls.max_in_flight, eagerness=eagerness)
    return replace(usual, initial=usual.most) if settings.routing.beat_s else usual


def pools(settings: Settings) -> tuple[Pool, ...]:
    """Everybody's model servers: the pools that the use case of intents names, else those that are no arm's and no
    other use case's; without pools the one of [model]."""
    if not settings.pools:
        return (Pool("model", (settings.model,)),)
    by_name = {pool.name: pool for pool in settings.pools}
    if "intents" in settings.use_cases and settings.use_cases["intents"].pools:
        return tuple(by_name[name] for name in settings.use_cases["intents"].pools)
    reserved = {arm.pool for experiment in settings.experiments for arm in experiment.arms}
    reserved |= {name for case in settings.use_cases.values() for name in case.pools}
    return tuple(pool for pool in settings.pools if pool.name not in reserved)


def arm_pools(settings: Settings, arm: Arm) -> tuple[Pool, ...] | None:
    """The model servers of an arm; None when they are everybody's."""
    if arm.pool is None and arm.model is None:
        return None
    own = tuple(pool for pool in settings.pools if pool.name == arm.pool) or pools(settings)
    if arm.model is None:
        return own
    return tuple(
        Pool(f"{pool.name}:{arm.model}", tuple(replace(each, name=arm.model) for each in pool.endpoints))
        for pool in own
    )


def reasoning_of(
    settings: Settings,
    count: Count,
    about: About | None = None,
    learned: Learned = lambda: None,
    predictors: Mapping[Path, Predictor] = MappingProxyType({}),
) -> MakeReasoning:
    """How prompts are made and answers read; `about` tells what the shop says of a product, `learned` what other
    shoppers teach, `predictors` are those of arms."""

    def make(name: str, sampling: Sampling, predictor: Path | None = None) -> Reasoning:
        taught = learned if predictor is None else predicting(learned, predictors[predictor])
        return Reasoning(name, settings.prompts, sampling, settings.prompt, count, about, taught)

    return make


async def arm_predictors(settings: Settings) -> Mapping[Path, Predictor]:
    """The predictors of all arms. Raises SettingInvalid or PlatformLacks for one that cannot be used."""
    files = {arm.predictor for experiment in settings.experiments for arm in experiment.arms if arm.predictor}
    if files and not settings.learning.enabled:
        raise SettingInvalid("an arm has a predictor, and nothing is learned", "set learning.enabled")
    return {file: await asyncio.to_thread(read_predictor, file) for file in sorted(files)}


def knowledge_of(settings: Settings, redis: Client) -> Knowledge | None:
    """What the shop says of its products, where prompts are to tell it."""
    rules = settings.knowledge
    if not rules.enabled:
        return None
    store = RedisKnowledge(redis, Keys(settings.redis.namespace), rules.timeout_ms / 1e3)
    return Knowledge(store, rules)


def model_client(endpoint: Endpoint, namespace: str) -> ModelClient:
    """The client for a server; which dialect it speaks is found out where that is not configured. `namespace` stands in
    for a session key that is not set."""
    session = endpoint.session_key.get_secret_value() if endpoint.session_key else f"namespace {namespace}"
    return discovery.connect(
        endpoint.url,
        endpoint.dialect,
        endpoint.name,
        endpoint.access,
        None if endpoint.server == "auto" else endpoint.server,
        endpoint.tokens_per_block,
        endpoint.guided,
        blake2b(session.encode()).digest(),
        private_cache=endpoint.private_cache,
    )
