"""Places: whose files and batches a request may see, and what is served of them."""

from dataclasses import replace
from typing import Annotated, NamedTuple

from fastapi import Depends, Path, Query, Request

from penchant.front.gate import permit
from penchant.operations.jobs import JobView, read_jobs, team_of, views
from penchant.serve.faults import Declined
from penchant.serve.files import FileShelf
from penchant.settings.root import Settings

MOST_LISTED = 100
Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,80}$", description="an id of this API")]
Limit = Annotated[int, Query(ge=1, le=MOST_LISTED)]
After = Annotated[str, Query(max_length=80)]


class Place(NamedTuple):
    """Who asks, for which team, and where its files are. The shelf blocks: it is asked in threads."""

    settings: Settings
    shelf: FileShelf
    team: str
    who: str

    async def job(self, name: str) -> JobView:
        """A batch of the team. Declined with 404 where there is none."""
        found = next((each for each in await self.jobs() if each.job.id == name), None)
        if found is None:
            raise missing("batch", name)
        return found

    async def jobs(self) -> list[JobView]:
        """All batches of the team, the newest first."""
        there = await read_jobs(self.settings)
        ours = {
            name: job for name, job in there.jobs.items() if job.team == self.team and "input_file_id" in job.options
        }
        return sorted(views(replace(there, jobs=ours)), key=lambda each: (-each.job.at_ms, each.job.id))


async def _place(request: Request) -> Place:
    """An operator who is in no team has one by their name; of the others whoever is in none is refused."""
    settings: Settings = request.app.state.settings
    person = permit(request, "viewer")
    if not any(person.name in team.members for team in settings.teams.values()) and not person.may("operator"):
        raise Declined(403, f"{person.name} is in no team", "", "teams.NAME.members says who is in one")
    return Place(settings, request.app.state.shelf, team_of(settings, person.name), person.name)


Placed = Annotated[Place, Depends(_place)]


def missing(what: str, name: str) -> Declined:
    """There is none; whether another team has it, is not told."""
    listed = f"GET /v1/{'batches' if what == 'batch' else 'files'} shows those that there are"
    return Declined(404, f"there is no {what} {name!r} of your team", f"{what}_id", listed)


def page(found: list[dict[str, object]], limit: int, after: str) -> dict[str, object]:
    """So many behind the one that `after` names, as OpenAI's lists are."""
    at = next((place + 1 for place, each in enumerate(found) if each["id"] == after), 0)
    some = found[at : at + limit]
    first, last = (some[0]["id"], some[-1]["id"]) if some else (None, None)
    return {"object": "list", "data": some, "first_id": first, "last_id": last, "has_more": at + limit < len(found)}
