"""Label pages: two intents of one session, to compare without knowing whose is whose, or a match's reasons, to judge
without knowing where it came; and what people said so far."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from penchant.console.rendering import Rendering
from penchant.console.views.labels import labels
from penchant.front.body import form
from penchant.front.gate import permit
from penchant.front.identity import LOCAL_PERSON
from penchant.front.roles import Person
from penchant.offline.labels import label_studio
from penchant.offline.labels.folder import LabelFolder
from penchant.offline.labels.pairs import Label, Labelled, agreed, checked

PATH = "/labels"
LONGEST = 64


class LabelPages:
    """All of them, for the role privacy: sessions are shown with what shoppers wrote."""

    def __init__(self, folder: Path | None, rendering: Rendering) -> None:
        self._folder = LabelFolder(folder) if folder is not None else None
        self._rendering = rendering

    def routes(self) -> Iterator[Route]:
        """The page, what it is told, and files to take away."""
        yield Route(PATH, self._page)
        yield Route(PATH, self._say, methods=["POST"])
        yield Route(f"{PATH}/labels.jsonl", self._agreed)
        yield Route(f"{PATH}/label-studio.json", self._tasks)

    async def _page(self, request: Request) -> Response:
        who = _labeller(permit(request, "privacy"), request.query_params.get("who", ""))
        if self._folder is None:
            return self._rendering.answer(request, "labels.html", labels({}, [], who) | {"set": False})
        pairs, said = await self._read(self._folder)
        return self._rendering.answer(request, "labels.html", labels(pairs, said, who) | {"set": True})

    async def _say(self, request: Request) -> Response:
        person, given = self._rendering.changing(request, "privacy"), await form(request)
        who, folder = _labeller(person, given.get("who", "")), self._there()
        pairs = await asyncio.to_thread(folder.pairs)
        pair = pairs.get(given.get("pair", ""))
        if pair is None or given.get("digest") != pair.digest:
            raise HTTPException(409, "this pair is there no more: an eval wrote others")
        if not who:
            raise HTTPException(400, "say who you are: what two people say counts")
        label = checked(pair, given.get("winner", ""), who, time.time_ns() // 1_000_000)
        await asyncio.to_thread(folder.add, [label])
        return RedirectResponse(f"{PATH}?{urlencode({'who': who})}", 303)

    async def _agreed(self, request: Request) -> Response:
        """As `penchant labels export` writes it."""
        permit(request, "privacy")
        pairs, said = await self._read(self._there())
        lines = [orjson.dumps({"pair": pair, "winner": winner}) for pair, winner in agreed(pairs, said).items()]
        return Response(b"".join(line + b"\n" for line in lines), media_type="application/jsonl")

    async def _tasks(self, request: Request) -> Response:
        permit(request, "privacy")
        pairs, _ = await self._read(self._there())
        return Response(orjson.dumps(label_studio.tasks(pairs.values())), media_type="application/json")

    def _there(self) -> LabelFolder:
        """HTTPException where no folder is set."""
        if self._folder is None:
            raise HTTPException(
                404,
                "set console.labels_folder to a folder that `penchant eval --report` wrote, with --judge or --match",
            )
        return self._folder

    async def _read(self, folder: LabelFolder) -> tuple[Mapping[str, Labelled], list[Label]]:
        def both() -> tuple[Mapping[str, Labelled], list[Label]]:
            pairs = folder.pairs()
            return pairs, folder.labels(pairs)

        return await asyncio.to_thread(both)


def _labeller(person: Person, given: str) -> str:
    """Who labels: as they signed in; where nobody does, on this machine alone, as they call themselves."""
    return given.strip()[:LONGEST] if person.name == LOCAL_PERSON else person.name
