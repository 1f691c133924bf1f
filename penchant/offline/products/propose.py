"""Propose: values for a shop's vocabulary from a sample of its catalogue, and those that a person accepted."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from heapq import heappush, heapreplace
from pathlib import Path

from clients.calls import Call
from clients.pools.use_cases import UseCaseClient
from penchant.offline.eval.calling import complete
from penchant.offline.eval.subjects import at
from penchant.offline.products.columns import columns
from penchant.offline.products.job import Catalogue, rows_of
from penchant.offline.products.prompting import USE_CASE, product_prompts
from penchant.offline.products.proposal_file import accepted, merged
from penchant.settings.prompts import own_templates, own_vocabulary
from penchant.settings.root import Settings
from penchant.worker.use_cases import use_case
from prompts.answer import STOP
from prompts.library import LARGEST, PromptLibrary
from prompts.products.naming import AT_ONCE, MAX_TOKENS, attributes_said, naming_prompt, naming_schema
from prompts.products.proposing import Candidate, Proposal, proposal
from prompts.vocabulary import FILE, Vocabulary, packaged_text
from streams.errors import AnswerRefused, SettingInvalid
from streams.records.products import Product

Ask = Callable[[Call], Awaitable[str]]
"""Sends a call and gives the answer's text. Raises ModelUnavailable, DeadlinePassed."""

LARGEST_FILE = 4_000_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many products are looked at, how many of them must have a value, and how many values are proposed."""

    sample: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class ModelAsked:
    """Whose model names attributes: the server at `url`, or where it is None that of use_cases.products."""

    url: str | None = None


async def propose(
    settings: Settings, catalogue: Path, wanted: Path | None, bounds: Bounds, model: ModelAsked | None = None
) -> Proposal:
    """What is proposed. Raises as `products run` does."""
    prompts = product_prompts(settings)
    products = await _sample(Catalogue(catalogue, columns(wanted), prompts), bounds.sample)
    found = await asyncio.to_thread(proposal, products, prompts.vocabulary, bounds.least, bounds.most)
    if model is not None:
        named = at(settings, model.url) if model.url else None
        async with use_case(settings, USE_CASE, named) as client:
            found = await with_attributes(found, prompts.vocabulary, _asking(client))
    return found


async def with_attributes(found: Proposal, vocabulary: Vocabulary, ask: Ask) -> Proposal:
    """The same, with the attributes that a model gives values without one; what it gives none stays without."""
    loose = [each for each in found.values if not each.attribute]
    said: dict[str, str] = {}
    for start in range(0, len(loose), AT_ONCE):
        said |= await _said(loose[start : start + AT_ONCE], vocabulary, ask)
    named = [each if each.attribute else replace(each, attribute=said.get(each.value, "")) for each in found.values]
    ordered = sorted(named, key=lambda each: not each.attribute)  # stable: the most frequent first
    return replace(found, values=tuple(ordered))


def accept(settings: Settings, file: Path, folder: Path | None = None) -> tuple[Path, Vocabulary]:
    """Merge an edited proposal into the vocabulary.toml of a folder, else of prompt.folder; it begins as the packaged
    one where there is none. Nothing is written where the folder's own templates would not load with it. Raises
    SettingInvalid."""
    folder = folder or settings.prompt.folder
    if folder is None:
        raise SettingInvalid("prompt.folder is not set", f"name the folder that {FILE} is to stand in by --folder")
    own = own_vocabulary(folder)
    text = merged(packaged_text() if own is None else own, accepted(_read(file)))
    if len(text) > LARGEST:
        raise SettingInvalid(f"{FILE} would have more than {LARGEST:,} characters", "accept fewer values")
    library = PromptLibrary(own_templates(folder), text, settings.intent.missions)
    beside = folder / f".{FILE}.new"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        beside.replace(folder / FILE)
    except OSError as error:
        raise SettingInvalid(f"{folder / FILE} cannot be written: {error.strerror}", "make it writable") from error
    return folder / FILE, library.vocabulary


async def _sample(catalogue: Catalogue, most: int) -> list[Product]:
    """Those with the smallest checksums: spread over all of the catalogue, and the same each time."""
    held: list[tuple[int, str, Product]] = []
    async for row in rows_of(catalogue):
        if isinstance(row, Product):
            entry = -_drawn(row.id), row.id, row
            if len(held) < most:
                heappush(held, entry)
            elif entry > held[0]:
                heapreplace(held, entry)
    if not held:
        raise SettingInvalid(f"{catalogue.path} holds no product", "look at it with penchant products run")
    return [product for _, _, product in sorted(held, key=lambda each: (-each[0], each[1]))]


def _drawn(product: str) -> int:
    """A number that looks drawn at random, and is the same for the same id."""
    return int.from_bytes(blake2b(product.encode(), digest_size=8).digest())


async def _said(some: Sequence[Candidate], vocabulary: Vocabulary, ask: Ask) -> Mapping[str, str]:
    """Of one prompt; nothing where the answer is none."""
    call = Call(
        f"words-{some[0].value}", naming_prompt(some, vocabulary), 0.0, MAX_TOKENS, traffic_class="batch", stop=STOP,
        json_schema=naming_schema(),
    )  # fmt: skip
    try:
        return attributes_said(await ask(call), some, vocabulary)
    except AnswerRefused:
        return {}


def _asking(client: UseCaseClient) -> Ask:
    async def ask(call: Call) -> str:
        await client.budgeted()
        return (await complete(client, call)).text

    return ask


def _read(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as opened:
            return opened.read(LARGEST_FILE)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingInvalid(f"{file} cannot be read: {error}", "name the edited proposal") from error
