"""Roles: what a person may do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["viewer", "operator", "privacy"]
"""A viewer sees everything masked. An operator throws switches, replays and redrives. Privacy sees raw text and
forgets shoppers. Each of the two may view."""

ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, by the name that the activity log shows, and their roles."""

    name: str
    roles: frozenset[Role]

    def may(self, role: Role) -> bool:
        """Whether they have the role; whoever has any may view."""
        return role in self.roles or (role == "viewer" and bool(self.roles))


def roles(names: Iterable[str]) -> frozenset[Role]:
    """Those of the names that are roles."""
    given = {name.strip() for name in names}
    return frozenset(role for role in ROLES if role in given)
