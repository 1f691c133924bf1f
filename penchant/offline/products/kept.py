"""Kept: answers, and how far a topic was followed, in a SQLite file: a job that is killed goes on, and a second one
calls changed rows alone."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from threading import Lock
from typing import Any

import orjson

from agents.products.understanding import Answered
from streams.errors import SettingInvalid
from streams.records.watermark import Watermark

_TABLES = (
    """
create table if not exists answers(
    key text primary key, text text not null, input_tokens integer not null, output_tokens integer not null
) without rowid
""",
    "create table if not exists followed(topic text primary key, id text not null, offsets text not null)",
    "create table if not exists blamed(key text primary key, times integer not null) without rowid",
)
_WAIT_S = 10.0


class Kept:
    """Answers by key, and places in topics, in a file. What `put` and `note_followed` returned for survives a kill."""

    def __init__(self, file: sqlite3.Connection) -> None:
        self._file, self._lock = file, Lock()

    async def get(self, key: str) -> Answered | None:
        """The answer of a key, None when there is none."""
        return await asyncio.to_thread(self._get, key)

    async def some(self, keys: Sequence[str]) -> dict[str, Answered]:
        """The answers of these keys, as far as there are any: for each by itself a thread would have to wake."""
        return await asyncio.to_thread(self._some, keys)

    async def put(self, key: str, answer: Answered) -> None:
        """Keep an answer, even where whoever waits is cancelled: it is paid for. One that is kept already stays."""
        await _to_its_end(self._put, key, answer)

    async def followed(self, topic: str) -> Watermark:
        """Up to where a topic was followed; the beginning where it never was."""
        return await asyncio.to_thread(self._followed, topic)

    async def note_followed(self, topic: str, reached: Watermark) -> None:
        """All before these offsets is done."""
        await asyncio.to_thread(self._note_followed, topic, reached)

    async def blame(self, key: str) -> None:
        """An outage began with the call of this key. It is noted even where whoever waits is cancelled."""
        await _to_its_end(self._blame, key)

    async def blamed(self, times: int) -> frozenset[str]:
        """The keys with whose calls so many outages began, or more."""
        return await asyncio.to_thread(self._blamed, times)

    async def close(self) -> None:
        """Close the file. Whoever was cancelled may still be reading, in a thread: that is waited for."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        with self._lock:
            self._file.close()

    def _followed(self, topic: str) -> Watermark:
        row = self._row("select id, offsets from followed where topic = ?", topic)
        return Watermark(row[0], tuple(orjson.loads(row[1]))) if row else Watermark()

    def _note_followed(self, topic: str, reached: Watermark) -> None:
        values = (topic, reached.topic, orjson.dumps(reached.offsets).decode())
        with self._lock, self._file:
            self._file.execute("insert or replace into followed values(?, ?, ?)", values)

    def _blame(self, key: str) -> None:
        with self._lock, self._file:
            self._file.execute("insert into blamed values(?, 1) on conflict do update set times = times + 1", (key,))

    def _blamed(self, times: int) -> frozenset[str]:
        query = "select key from blamed where times >= ?"
        with self._lock, closing(self._file.execute(query, (times,))) as rows:
            return frozenset(key for (key,) in rows)

    def _get(self, key: str) -> Answered | None:
        row = self._row("select text, input_tokens, output_tokens from answers where key = ?", key)
        return Answered(*row) if row else None

    def _some(self, keys: Sequence[str]) -> dict[str, Answered]:
        query = """
select key, text, input_tokens, output_tokens from answers where key in (select value from json_each(?))
"""
        with self._lock, closing(self._file.execute(query, (orjson.dumps(keys).decode(),))) as rows:
            return {key: Answered(*answer) for key, *answer in rows}

    def _row(self, query: str, key: str) -> tuple[Any, ...] | None:
        """The row of a key. What stands for the query goes with the lock: a file that is closed in between would take
        it along."""
        with self._lock, closing(self._file.execute(query, (key,))) as rows:
            row: tuple[Any, ...] | None = rows.fetchone()
            return row

    def _put(self, key: str, answer: Answered) -> None:
        values = (key, answer.text, answer.input_tokens, answer.output_tokens)
        with self._lock, self._file:
            self._file.execute("insert or ignore into answers values(?, ?, ?, ?)", values)


async def _to_its_end(write: Callable[..., None], *values: object) -> None:
    """Write in a thread. A cancellation waits for it: a write that no thread has begun would not be made at all."""
    writing = asyncio.ensure_future(asyncio.to_thread(write, *values))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait([writing])
        raise


@asynccontextmanager
async def kept(path: Path) -> AsyncIterator[Kept]:
    """The answers of a file, which is made where it is not there. SettingInvalid for a file that is something else, or
    that another job is writing."""
    file = await asyncio.to_thread(_opened, path)
    answers = Kept(file)
    try:
        yield answers
    finally:
        await answers.close()


def _opened(path: Path) -> sqlite3.Connection:
    try:
        file = sqlite3.connect(path, timeout=_WAIT_S, check_same_thread=False)
        file.execute("pragma journal_mode = wal")
        file.execute("pragma synchronous = normal")
        with file:
            for table in _TABLES:
                file.execute(table)
    except sqlite3.Error as exc:
        raise SettingInvalid(
            f"{path} cannot be used: {exc}", "name another folder with --out, or end the other job"
        ) from exc
    return file
