"""What goes to a model of a product's image, what is kept, and what the result says of it."""

from dataclasses import replace

import pytest

from agents.products.images import ImageRefused
from agents.products.understanding import Answered, Fetch, Understanding
from clients.calls import Call, Completion, Image, Sampling
from prompts.products.asking import ProductPrompts
from prompts.vocabulary import DEFAULT_VOCABULARY
from sandbox.gpu.simulated_model import answer
from streams.errors import CallFailed, CallRefused, PromptTooLong
from streams.records.products import Product

URL = "https://cdn.example/kettle.png"
KETTLE = Product("sku-1", "Kettle, blue", "Quiet.", image_url=URL)
LONG = Product("sku-2", "Kettle", " ".join(f"Sentence {at} is quiet." for at in range(2_000)), image_url=URL)
PROMPTS = ProductPrompts(DEFAULT_VOCABULARY)


class Kept:
    """Answers in memory."""

    def __init__(self) -> None:
        self.answers: dict[str, Answered] = {}

    async def get(self, key: str) -> Answered | None:
        """One."""
        return self.answers.get(key)

    async def put(self, key: str, answer: Answered) -> None:
        """Keep one."""
        self.answers[key] = answer


class Shop:
    """A model that notes its calls, garbles the first answers, and has a fault at images after so many answers; images
    are fetched or refused."""

    def __init__(self, garbled: int = 0, refused: str = "", fault: Exception | None = None, answers: int = 0) -> None:
        self.calls: list[Call] = []
        self.fetched: list[str] = []
        self._garbled, self._refused, self._fault, self._answers = garbled, refused, fault, answers

    async def ask(self, call: Call) -> Completion:
        """The answer."""
        self.calls.append(call)
        if call.image is not None and self._fault is not None and len(self.calls) > self._answers:
            raise self._fault
        text = "hm" if len(self.calls) <= self._garbled else answer(call.prompt)
        return Completion(text, "fake", "fake")

    async def fetch(self, url: str) -> Image:
        """The image."""
        self.fetched.append(url)
        if self._refused:
            raise ImageRefused(self._refused)
        return Image(url, "image/png", b"png")

    def understanding(self, kept: Kept, fetch: Fetch | None) -> Understanding:
        """By this model."""
        return Understanding(self.ask, "fake", PROMPTS, Sampling(), kept, fetch)


async def test_the_first_part_is_shown_with_the_image_once() -> None:
    """Others are text alone; a second run fetches nothing and asks nobody."""
    shop, kept = Shop(), Kept()
    found = await shop.understanding(kept, shop.fetch).of(LONG)
    assert found.image == "seen"
    assert len(shop.calls) > 2
    assert [call.image for call in shop.calls] == [Image(URL, "image/png", b"png"), *[None] * (len(shop.calls) - 1)]
    again = Shop()
    assert (await again.understanding(kept, again.fetch).of(LONG)) == found
    assert (again.calls, again.fetched) == ([], [])


async def test_an_answer_that_is_none_is_asked_for_again_with_the_image() -> None:
    """Also where the first one is kept."""
    shop, kept = Shop(garbled=1), Kept()
    found = await shop.understanding(kept, shop.fetch).of(KETTLE)
    assert (found.image, found.refused) == ("seen", 0)
    assert [call.image is not None for call in shop.calls] == [True, True]


async def test_an_image_that_cannot_be_had_leaves_the_text() -> None:
    """The result says why, and facts are the text's either way."""
    shop = Shop(refused="it comes compressed")
    found = await shop.understanding(Kept(), shop.fetch).of(KETTLE)
    assert found.image == "text alone: it comes compressed"
    assert [call.image for call in shop.calls] == [None]
    plain = await Shop().understanding(Kept(), None).of(KETTLE)
    assert plain.facts == found.facts
    assert plain.image == "text alone: no image is fetched, or not all servers take one"


@pytest.mark.parametrize(
    "fault", [CallRefused("no image file"), PromptTooLong("4,000 tokens"), CallFailed("500, four times")]
)
async def test_an_image_that_the_server_does_not_take_leaves_the_text(fault: Exception) -> None:
    """A seller's broken picture ends no run, and nothing of the server's words stands in the result."""
    shop = Shop(fault=fault)
    found = await shop.understanding(Kept(), shop.fetch).of(KETTLE)
    assert found.image == "text alone: the model server does not take it"
    assert [call.image is None for call in shop.calls] == [False, True]


@pytest.mark.parametrize("garbled", [0, 1])
async def test_an_image_at_which_servers_always_fail_is_tried_once(garbled: int) -> None:
    """A second run asks nobody and fetches nothing, also where what is kept was handed on; another image is tried."""
    shop, kept, handed = Shop(garbled, fault=CallFailed("500, four times"), answers=garbled), Kept(), Kept()
    found = await shop.understanding(kept, shop.fetch).of(KETTLE)
    assert found.image == "text alone: the model server does not take it"
    handed.answers = await shop.understanding(kept, shop.fetch).known(KETTLE)
    for answers in (kept, handed):
        again = Shop()
        assert await again.understanding(answers, again.fetch).of(KETTLE) == found
        assert (again.calls, again.fetched) == ([], [])
    other = Shop()
    new = replace(KETTLE, image_url=f"{URL}?v=2")
    assert (await other.understanding(kept, other.fetch).of(new)).image == "seen"


async def test_a_product_without_an_image_says_nothing_of_one() -> None:
    """Its answers are kept under the key that they always had."""
    shop, kept, other = Shop(), Kept(), Kept()
    plain = Product("sku-1", "Kettle, blue", "Quiet.")
    assert (await shop.understanding(kept, shop.fetch).of(plain)).image == ""
    assert (await shop.understanding(other, None).of(KETTLE)).image
    assert kept.answers.keys() == other.answers.keys()
    assert shop.fetched == []


async def test_what_is_kept_of_an_image_can_be_handed_on() -> None:
    """As to the workers of a cluster, who then fetch nothing and ask nobody."""
    shop, kept, handed = Shop(garbled=1), Kept(), Kept()
    found = await shop.understanding(kept, shop.fetch).of(LONG)
    handed.answers = await shop.understanding(kept, shop.fetch).known(LONG)
    assert handed.answers == kept.answers
    other = Shop()
    assert await other.understanding(handed, other.fetch).of(LONG) == found
    assert (other.calls, other.fetched) == ([], [])


async def test_another_image_is_asked_about() -> None:
    """It is part of the key."""
    shop, kept = Shop(), Kept()
    one = shop.understanding(kept, shop.fetch)
    await one.of(KETTLE)
    await one.of(Product("sku-1", "Kettle, blue", "Quiet.", image_url=f"{URL}?v=2"))
    assert one.spent.calls == 2
