"""Use cases by the settings: a client for each, over the pools that it names."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from clients.calls import ModelClient
from clients.limits.adaptive_limit import LimitRules
from clients.pools.client import PooledClient
from clients.pools.endpoints import Pool, Price
from clients.pools.registry import RegistryRules
from clients.pools.use_cases import UseCase, UseCaseClient
from penchant.settings.root import Settings
from penchant.worker.model_side import model_client, pools

EAGERNESS = 0.5
"""How much of what a limit could grow it does, beside the workers that share the servers."""


@asynccontextmanager
async def use_case(settings: Settings, name: str, client: ModelClient | None = None) -> AsyncIterator[UseCaseClient]:
    """A client for what the settings say of a use case, closed at the end; `client` stands in for its pools."""
    rules = settings.use_cases.get(name, UseCase())
    one: ModelClient = client or _pooled(settings, rules)
    upkeep = [asyncio.create_task(one.run())] if isinstance(one, PooledClient) else []
    try:
        yield UseCaseClient(name, rules, one)
    finally:
        for task in upkeep:
            task.cancel()
        await asyncio.gather(*upkeep, return_exceptions=True)
        await one.close()


def use_case_pools(settings: Settings, rules: UseCase) -> tuple[Pool, ...]:
    """The pools that a use case names, in its order, else those of intents; with its model's name, where it has one."""
    by_name = {pool.name: pool for pool in settings.pools}
    own = tuple(by_name[name] for name in rules.pools) or pools(settings)
    if rules.model is None:
        return own
    return tuple(
        replace(pool, endpoints=tuple(replace(each, name=rules.model) for each in pool.endpoints)) for pool in own
    )


def _pooled(settings: Settings, rules: UseCase) -> PooledClient:
    registry = RegistryRules(LimitRules(most=settings.calls.max_in_flight, eagerness=EAGERNESS))
    namespace = settings.redis.namespace
    return PooledClient(
        use_case_pools(settings, rules), lambda each: model_client(each, namespace), registry, settings.routing
    )


def price_of(settings: Settings, name: str) -> Price | None:
    """What tokens of a use case cost: the price of the first of its endpoints that has one by the token."""
    pools = use_case_pools(settings, settings.use_cases.get(name, UseCase()))
    prices = (endpoint.price for pool in pools for endpoint in pool.endpoints)
    return next((each for each in prices if each.per_million_input or each.per_million_output), None)
