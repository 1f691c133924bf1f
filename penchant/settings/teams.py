"""Settings of teams that own jobs, as tables or as JSON in a variable."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from agents.jobs.teams import Team
from penchant.settings.pools import from_json

NAME = r"^[a-z][a-z0-9_-]{0,39}$"
"""What a team, and a use case, may be called."""

SAMPLE = """\
[teams.search]
members = ["ada"]
share = 0.5
budget_tokens_per_hour = 5_000_000"""


def _of_one_team(teams: Mapping[str, Team]) -> Mapping[str, Team]:
    """The teams; ValueError names somebody who is in two of them."""
    seen: dict[str, str] = {}
    for name, team in teams.items():
        for member in team.members:
            if member in seen:
                raise ValueError(f"{member} is in {seen[member]} and in {name}: a bill goes to one team")
            seen[member] = name
    return teams


Teams = Annotated[
    Mapping[Annotated[str, Field(pattern=NAME)], Team],
    BeforeValidator(from_json),
    AfterValidator(_of_one_team),
    Field(json_schema_extra={"form": "tables as shown here, or the same as JSON", "sample": SAMPLE}),
]
