"""Reading: a prompt's text back into the session that it shows. The reader beside the renderer.

The simulated model answers from it, and the tests hold that nothing is lost or forged on the way. Products have their
short names as ids, lines their numbers as event ids, and times are whole minutes.
"""

import re
from collections.abc import Iterable, Iterator

import orjson

from prompts.guard import BRAND, CATEGORY, QUERY, TITLE, clean
from prompts.view import ABOUT, MINUTE_MS, Others
from streams.events.event import Item
from streams.sessions.profiles import NOTHING, InterestCounts
from streams.sessions.session import CODES, Session, marks_of

_LINE = re.compile(r"#([0-9]{1,9}) (-?[0-9]{1,9})m ([a-z_]+)( .*)?")
_ABOUT = re.compile(r'(p[0-9]{1,9}): (".*")')
_PART = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"]+')
_NUMBERED = re.compile(r"([pcbx])([0-9]{1,9})")
_PRICE = re.compile(r"[0-9]{1,9}(?:\.[0-9]{2})?")
_LABEL = 120
_SHOPPER, _OTHERS = "\nShopper\n", "Others: "


def read(prompt: str) -> Session:
    """The session that a prompt shows; lines that no renderer wrote are passed over, so any text gives a session."""
    session = Session()
    reader = _Reader(session)
    for line in prompt.rpartition(_SHOPPER)[2].split("\n"):
        reader.read(line)
    session.events = session.height
    session.last_ms = max(session.times, default=0)
    return session


def offered(prompt: str, kind: str = "Missions") -> tuple[str, ...]:
    """The labels of a kind that a prompt offers: missions, `Signals`, or `Stages`."""
    line = prompt.partition(f"\n{kind}: ")[2].partition("\n")[0]
    return tuple(label for label in line.split(", ") if 0 < len(label) <= _LABEL)


def known(prompt: str) -> dict[str, str]:
    """What a prompt says of products beside their events, by short name."""
    lines = map(_ABOUT.fullmatch, prompt.rpartition(_SHOPPER)[2].split("\n"))
    return {match[1]: _text(match[2], ABOUT) for match in lines if match}


def others(prompt: str) -> Others:
    """What a prompt says that other shoppers went on to."""
    line = prompt.rpartition(_SHOPPER)[2].rpartition(f"\n{_OTHERS}")[2].partition("\n")[0]
    parts = _PART.findall(line)
    named = list(zip(parts[::2], parts[1::2], strict=False))
    categories = tuple(_text(text, CATEGORY) for number, text in named if _kind(number) == "c")
    return Others(categories, tuple(_text(text, BRAND) for number, text in named if _kind(number) == "b"))


class _Reader:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._names: dict[str, str] = {}
        self._items: dict[str, Item] = {}

    def read(self, line: str) -> None:
        if line.startswith("Before: "):
            self._session.profile = _tally(line, "session")
        elif line.startswith("Earlier: "):
            self._session.earlier = _tally(line, "line")._replace(sessions=0)
        elif (match := _LINE.fullmatch(line)) and match[3] in CODES:
            self._event(match)

    def _event(self, match: re.Match[str]) -> None:
        session = self._session
        if not session.event_ids:
            session.dropped = max(int(match[1]) - 1, 0)
        session.event_ids.append("#" + match[1])
        session.marks = marks_of(session.event_ids)
        session.times.append(int(match[2]) * MINUTE_MS)
        session.actions.append(CODES[match[3]])
        session.subjects.append(self._subject(_PART.findall(match[4] or "")))

    def _subject(self, parts: list[str]) -> Item | str | None:
        if parts and _kind(parts[0]) == "p":
            return self._item(parts[0], dict(self._details(parts[1:])))
        return _text(parts[0], QUERY) if parts else None

    def _details(self, parts: Iterable[str]) -> Iterator[tuple[str, str]]:
        """What a line says of its product: (field, value), fields named by their letter, or title, price, currency."""
        before, named = "p", ""
        for part in parts:
            kind = _kind(part)
            if kind == "text" and before in {"p", "c", "b"}:
                yield (before, self._name(named, part)) if before != "p" else ("title", _text(part, TITLE))
            elif kind in {"c", "b"}:
                named = part
                yield kind, self._names.get(part, "")
            elif kind:
                yield kind, part
            before = kind

    def _name(self, named: str, part: str) -> str:
        return self._names.setdefault(named, _text(part, CATEGORY if named[0] == "c" else BRAND))

    def _item(self, short: str, details: dict[str, str]) -> Item:
        return Item(
            short,
            details.get("title"),
            details.get("c"),
            details.get("b"),
            float(details["price"]) if "price" in details else None,
            details.get("currency"),
            min(int(details.get("x", "x1")[1:]), 1_000_000),
        )


def _kind(part: str) -> str:
    if part.startswith('"'):
        return "text"
    if match := _NUMBERED.fullmatch(part):
        return match[1]
    if _PRICE.fullmatch(part):
        return "price"
    return "currency" if len(part) == 3 and part.isascii() and part.isalpha() else ""


def _text(part: str, cap: int) -> str:
    try:
        text = orjson.loads(part)
    except orjson.JSONDecodeError:
        return ""
    return clean(text, cap) if isinstance(text, str) else ""


def _tally(line: str, first: str) -> InterestCounts:
    """A line of counts, as the renderer writes it; what it does not say is nothing."""
    start = re.match(rf"[a-z]+: ([0-9]{{1,9}}) {first}s, ([0-9]{{1,9}}) purchases", line, re.IGNORECASE)
    if start is None:
        return NOTHING
    counts: dict[str, list[tuple[str, int]]] = {"categories": [], "brands": []}
    kind, name = "categories", ""
    for part in _PART.findall(line[start.end() :]):
        word = part.rstrip(";,")
        if word in counts:
            kind = word
        elif part.startswith('"'):
            name = _text(part, CATEGORY if kind == "categories" else BRAND)
        elif _PRICE.fullmatch(word) and name:
            counts[kind].append((name, int(float(word))))
    return InterestCounts(int(start[1]), int(start[2]), tuple(counts["categories"]), tuple(counts["brands"]))
