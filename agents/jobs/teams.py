"""Teams: who owns jobs, and what they may spend."""

from typing import Annotated

from pydantic import Field

from streams.section import Name, Share, Words, section


@section
class Team:
    """One team. A team that is not named in the settings may submit jobs too, without bounds of its own."""

    members: Annotated[tuple[Name, ...], Words] = ()
    """Whose jobs are the team's where they do not say so: names of http.tokens_file, or of a proxy."""
    share: Share = 1.0
    """How many of the calls of all jobs its own may have in flight."""
    budget_tokens_per_hour: Annotated[int, Field(ge=1)] | None = None
    """Tokens, of prompts and answers, that its jobs may spend in a clock hour, on all runners together."""
