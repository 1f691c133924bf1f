"""Model side: what calls are made with, by the settings: clients in pools, and what is asked."""

from collections.abc import Callable

from agents.worker.knowledge import Knowledge, KnowledgeRules
from agents.worker.reasoning import Reasoning
from clients.calls import ModelClient, Sampling
from clients.dialects import discovery
from clients.pools.client import PooledClient
from clients.pools.endpoints import Endpoint, Pool
from clients.pools.registry import Notify
from penchant.settings.root import Settings
from penchant.worker import wiring
from prompts.tokens import Count
from prompts.view import About
from storage.connection import Client
from storage.keys import Keys
from storage.knowledge import RedisKnowledge

MakeReasoning = Callable[[str, Sampling], Reasoning]
"""What is asked, by a version of the prompt and a sampling."""


class ModelSide:
    """Makes clients. A `model` that is handed in is the only server, whatever the settings say."""

    def __init__(self, settings: Settings, model: ModelClient | None, notify: Notify | None) -> None:
        self._settings, self._model, self._notify = settings, model, notify

    def everybody(self, eagerness: float = 1.0) -> PooledClient:
        """The servers of those who are in no arm. A small eagerness gives way to others at the same servers."""
        alone = (Pool("model", (Endpoint(self._settings.model.url),)),)
        return self.client(wiring.pools(self._settings) if self._model is None else alone, eagerness)

    def client(self, pools: tuple[Pool, ...], eagerness: float = 1.0) -> PooledClient:
        """Pools of servers, with limits of their own."""
        model, rules = self._model, (wiring.roster(self._settings, eagerness), wiring.fleet(self._settings))
        connect = _model_client if model is None else lambda _: model
        return PooledClient(pools, connect, *rules, self._notify)


def reasoning_of(settings: Settings, count: Count, about: About | None = None) -> MakeReasoning:
    """How prompts are made and answers read; `about` tells what the shop says of a product."""
    missions, budget = settings.intent.missions, wiring.budget(settings)
    return lambda version, sampling: Reasoning(version, missions, sampling, budget, count, about)


def knowledge_of(settings: Settings, redis: Client) -> Knowledge | None:
    """What the shop says of its products, where prompts are to tell it."""
    rules = settings.knowledge
    if not rules.enabled:
        return None
    store = RedisKnowledge(redis, Keys(settings.redis.namespace), rules.timeout_ms / 1e3)
    return Knowledge(store, KnowledgeRules(rules.hold_s, rules.max_products))


def _model_client(endpoint: Endpoint) -> ModelClient:
    """The client for a server; which dialect it speaks is found out where that is not configured."""
    url, dialect, model, key = endpoint.url, endpoint.dialect, endpoint.model, endpoint.api_key
    return discovery.connect(url, dialect, model, key, endpoint.server, endpoint.tokens_per_block)
