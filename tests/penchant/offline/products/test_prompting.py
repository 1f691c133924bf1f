"""Long texts go whole only where no live call can wait for them, and images only where all servers take one."""

import pytest
from pydantic import ValidationError

from agents.products.images import ProductRules
from clients.pools.endpoints import Endpoint, Pool
from clients.pools.use_cases import UseCase
from penchant.offline.products.prompting import image_fetch, product_prompts
from penchant.settings.root import Settings
from streams.records.products import Product

TEXT = "A blue kettle for four cups. " * 1_500
LIVE = Pool("live", (Endpoint(url="http://live:8000/v1", name="small"),))
PRODUCT = Product("sku-1", "Kettle", TEXT)


def settings(*, long: bool, named: tuple[str, ...], intents: tuple[str, ...] = ()) -> Settings:
    """A pool for live traffic, and another."""
    other = Pool("other", (Endpoint(url="http://other:8000/v1", name="large"),), long=long)
    use_cases = {"products": UseCase(pools=named)} | ({"intents": UseCase(pools=intents)} if intents else {})
    return Settings(pools=(LIVE, other), use_cases=use_cases)


def test_a_long_pool_of_its_own_takes_a_text_whole() -> None:
    """One prompt; a server that stands in for it gets parts all the same."""
    apart = settings(long=True, named=("other",))
    assert len(product_prompts(apart).prompts(PRODUCT)) == 1
    assert len(product_prompts(apart, own_pools=False).prompts(PRODUCT)) > 3


def test_a_job_goes_by_its_own_use_case() -> None:
    """Its calls go to the pools of that one: without any of its own, to those of intents."""
    apart = settings(long=True, named=("other",))
    assert len(product_prompts(apart, "catalogues").prompts(PRODUCT)) > 3


@pytest.mark.parametrize(
    "shared",
    [
        settings(long=False, named=("other",)),
        settings(long=True, named=("other", "live"), intents=("live",)),
        settings(long=True, named=("other",), intents=("live", "other")),
        settings(long=True, named=()),
        Settings(),
    ],
)
def test_elsewhere_it_goes_in_parts(shared: Settings) -> None:
    """A pool that is not for it, one among several, one that makes intents, and none that is named."""
    assert len(product_prompts(shared).prompts(PRODUCT)) > 3


def seeing(servers_with: int, of: int) -> Settings:
    """So many servers of all that take images, and a host to fetch them from."""
    servers = tuple(
        Endpoint(dialect="openai", url=f"http://host-{at}:8000/v1", images=at < servers_with) for at in range(of)
    )
    return Settings(pools=(Pool("all", servers),), products=ProductRules(image_hosts=("cdn.example",)))


def test_images_are_fetched_where_all_servers_take_them() -> None:
    """And where hosts are named; a server that the command line names is as [model] says."""
    assert image_fetch(seeing(2, of=2)) is not None
    assert image_fetch(seeing(1, of=2)) is None
    assert image_fetch(seeing(1, of=1), url="http://other:8000/v1") is None
    assert image_fetch(seeing(1, of=1).model_copy(update={"products": ProductRules()})) is None


def test_other_dialects_take_no_images() -> None:
    """They would leave them out in silence."""
    with pytest.raises(ValidationError, match="images are sent by the dialect openai alone"):
        Endpoint(url="http://host:8000/v1", images=True)
