"""Tokens: a file that says who may come in with which token, read anew when it changes."""

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from penchant.front.roles import ROLES, Person, roles
from streams.errors import SettingInvalid

LOOK_EVERY_S = 1.0
DIGEST = re.compile(r"[0-9a-f]{64}")
FORM = f"write NAME ROLE[,ROLE] SHA256, with roles of {', '.join(ROLES)}; printf %s TOKEN | sha256sum makes the last"


def digest(token: str) -> str:
    """What the file holds of a token."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def parse(text: str, name: str) -> Mapping[str, Person]:
    """Persons by the digests of their tokens. SettingInvalid names a wrong line by its number and shows nothing of
    it."""
    people: dict[str, Person] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        given = words[1].split(",") if len(words) == 3 else []
        if len(words) != 3 or len(roles(given)) != len(given) or not DIGEST.fullmatch(words[2].lower()):
            raise SettingInvalid(f"http.tokens_file: line {number} of {name} is no token", FORM)
        people[words[2].lower()] = Person(words[0], roles(given))
    return people


class TokenFile:
    """The tokens of a file. While a changed file is wrong or away, the last good one counts; the first must be good."""

    def __init__(self, path: Path, now_s: Callable[[], float] = time.monotonic) -> None:
        self._path, self._now_s = path, now_s
        self._stamp = self._changed()
        self._people, self._looked_s = parse(self._read(), str(path)), now_s()

    def person(self, token: str) -> Person | None:
        """Who has this token."""
        return self.holder(digest(token))

    def holder(self, token_digest: str) -> Person | None:
        """Who has the token of this digest; None also when it was taken out of the file."""
        self._look()
        return self._people.get(token_digest)

    def _look(self) -> None:
        now_s = self._now_s()
        if now_s < self._looked_s + LOOK_EVERY_S:
            return
        self._looked_s = now_s
        try:
            if (stamp := self._changed()) != self._stamp:
                self._people, self._stamp = parse(self._read(), str(self._path)), stamp
        except SettingInvalid:
            return  # a file half written; it is looked at again

    def _changed(self) -> tuple[int, int]:
        try:
            stat = self._path.stat()
        except OSError as exc:
            raise SettingInvalid(f"http.tokens_file: {self._path}: {exc.strerror}", FORM) from exc
        return stat.st_mtime_ns, stat.st_size

    def _read(self) -> str:
        try:
            return self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise SettingInvalid(f"http.tokens_file: {self._path} cannot be read as text", FORM) from exc
