"""Prompting: the prompts of products as the settings say, in parts or whole."""

from agents.products.understanding import Fetch
from clients.pools.use_cases import UseCase
from penchant.offline.products.fetching import ImageFetcher
from penchant.settings.root import Settings
from penchant.worker.model_side import pools
from penchant.worker.tokenizer import tokenizer
from penchant.worker.use_cases import use_case_pools
from prompts.products.asking import MOST_TOKENS, PART_TOKENS, ProductPrompts

USE_CASE = "products"


def product_prompts(settings: Settings, use_case: str = USE_CASE, *, own_pools: bool = True) -> ProductPrompts:
    """In the shop's vocabulary. `own_pools`: the calls go to the use case's pools, not to a server that stands in."""
    most = MOST_TOKENS if own_pools and _takes_whole(settings, use_case) else PART_TOKENS
    return ProductPrompts(settings.prompts.vocabulary, tokenizer(settings.prompt.tokenizer), most)


def image_fetch(settings: Settings, use_case: str = USE_CASE, url: str | None = None) -> Fetch | None:
    """What fetches images, where hosts are named and all servers take them; that at `url` as [model] says."""
    rules = settings.use_cases.get(use_case, UseCase())
    asked = [settings.model] if url else [each for pool in use_case_pools(settings, rules) for each in pool.endpoints]
    takes = settings.products.image_hosts and all(each.images for each in asked)
    return ImageFetcher(settings.products) if takes else None


def _takes_whole(settings: Settings, use_case: str) -> bool:
    """Whether all pools of the use case are for long inputs, and none of them makes intents."""
    rules = settings.use_cases.get(use_case, UseCase())
    live = {pool.name for pool in pools(settings)}
    return bool(rules.pools) and all(each.long and each.name not in live for each in use_case_pools(settings, rules))
