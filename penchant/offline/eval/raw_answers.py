"""Raw answers: every one and how long it took, in a file that an eval which was cut short goes on from."""

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson
from msgspec import structs

from clients.calls import Call, Completion
from streams.errors import SettingInvalid


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """One answer, and how long its call took, in milliseconds."""

    completion: Completion
    took_ms: float


class RawAnswers:
    """Answers by what was asked of whom. With a file they are read from there first, and added to it one by one."""

    def __init__(self, file: Path | None = None) -> None:
        self._held: dict[str, RawAnswer] = {}
        self._file = file
        if file is not None:
            self._held = _read(file)
            file.parent.mkdir(parents=True, exist_ok=True)
        self._open = file.open("ab") if file is not None else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open is not None:
            self._open.close()

    def find(self, model: str, call: Call) -> RawAnswer | None:
        """The answer that this model gave to the very same question."""
        return self._held.get(_key(model, call))

    def keep(self, model: str, call: Call, answer: RawAnswer) -> None:
        """Remember an answer; it stands in the file when this returns."""
        key = _key(model, call)
        self._held[key] = answer
        if self._open is not None:
            row = {"key": key, "prompt": call.prompt, "took_ms": answer.took_ms, **structs.asdict(answer.completion)}
            self._open.write(orjson.dumps(row) + b"\n")
            self._open.flush()


def _key(model: str, call: Call) -> str:
    asked = [model, call.prompt, call.json_schema, call.max_tokens, call.temperature, call.seed]
    return blake2b(orjson.dumps(asked), digest_size=12).hexdigest()


def _read(file: Path) -> dict[str, RawAnswer]:
    """What stands there; of a last line that was cut short, nothing."""
    if not file.exists():
        return {}
    held, data = {}, file.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if whole != data:
        file.write_bytes(whole)  # what was cut short is asked for again, and stands on a line of its own
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            row = orjson.loads(line)
            key, took_ms = row.pop("key"), row.pop("took_ms")
            del row["prompt"]
            held[key] = RawAnswer(Completion(**row), took_ms)
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            message = f"{file}: line {number} holds no answer that was kept"
            raise SettingInvalid(message, "name another file, or remove that line") from error
    return held
