"""Page: the section on rights of docs/security.md, which `python -m penchant.operations.rights.page` prints whole."""

from collections.abc import Iterator
from pathlib import Path

import typer

from penchant.operations.rights.roles import REDRIVE, ROLES, KafkaRight, Role
from storage.rights import acl

PAGE = Path("docs/security.md")
BEGIN, END = "<!-- rights: made by penchant.operations.rights.page -->\n", "<!-- end of rights -->\n"


def section() -> str:
    """Both tables, as Markdown."""
    return "\n".join(_lines()) + "\n"


def whole(page: str) -> str:
    """The page with this section in the place of the one that it has."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{section()}\n{END}{rest.partition(END)[2]}"


def _lines() -> Iterator[str]:
    yield "| role | who that is | Kafka |"
    yield "|---|---|---|"
    for name, role in ROLES.items():
        yield f"| {name} | {role.does} | {'; '.join(map(_kafka, role.kafka)) or 'nothing'} |"
    yield ""
    yield "READ and WRITE bring DESCRIBE with them. Of topics that are not set nothing is needed."
    yield ""
    yield "Users of Redis, for the namespace `penchant` and a replay into `penchant-replay`:"
    yield ""
    yield "```"
    yield from (_user(name, role) for name, role in ROLES.items() if role.redis)
    yield "```"


def _kafka(right: KafkaRight) -> str:
    if right.kind == "transactional id":
        return f"{right.operation} on the transactional id `<{right.setting}>{REDRIVE}`"
    return f"{right.operation} on {'the group ' if right.kind == 'group' else ''}`{right.setting}`"


def _user(name: str, role: Role) -> str:
    return f"user {name} on >PASSWORD {acl(role.redis, 'penchant')}"


if __name__ == "__main__":
    typer.echo(whole(PAGE.read_text()), nl=False)
