"""Plan: what to replay, and to where."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from clients.pools.endpoints import Pool
from penchant.settings.root import Settings
from streams.address import shown
from streams.errors import ContractMismatch
from streams.events.redaction import hashed
from streams.kafka.moments import Moment

PER_SERVER = 4
"""Calls that a replay has in flight at each model server: beside more, live intents come later by more than a twentieth
(docs/performance.md)."""


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """What to replay, and to where: into `namespace`, or over the live keys in `generation`. Of a `file` all is.

    The rules use the snapshot `learned` from beginning to end: the one in force where it is None, none where it is
    empty. At each model server it has `per_server` calls in flight at the most. `span` is the range as it was asked
    for; `afresh`: what the namespace holds of another replay goes first.
    """

    begin: Moment
    end: Moment
    namespace: str | None = None
    generation: int = 0
    file: Path | None = None
    per_server: int = PER_SERVER
    learned: str | None = None
    span: str = ""
    afresh: bool = False

    def key(self, settings: Settings) -> Mapping[str, str]:
        """What is replayed, and with what: the same plan goes on after a crash, another one is another replay."""
        pools = settings.pools or (Pool("model", (settings.model,)),)
        models = sorted(
            {f"{each.name or 'the model'} at {shown(each.url)}" for pool in pools for each in pool.endpoints}
        )
        kafka, prompt = settings.kafka, replace(settings.prompt, version="any")
        trees = [settings.learning.predictor] if settings.learning.predictor else []
        made_by = (prompt, settings.sampling, settings.session, settings.triggers, settings.intent, settings.privacy)
        return {
            "prompt": settings.prompts.template(settings.prompt.version).version,
            "model": ", ".join(models),
            "profile": hashed(repr((*made_by, self.learned, *trees))),
            "range": f"{self.file or kafka.topic} {self.span or f'{self.begin} {self.end}'}",
        }


def check_held(namespace: str, held: Mapping[str, str], ours: Mapping[str, str], *, is_done: bool) -> None:
    """ContractMismatch, with the choice, where a namespace holds a replay that this one cannot go on with."""
    remedy = "name another by --namespace, or add --afresh to delete what it holds first"
    others = [f"{name} {held.get(name)!r}, not {mine!r}" for name, mine in ours.items() if held.get(name) != mine]
    if others:
        raise ContractMismatch(f"the namespace {namespace} holds another replay: {'; '.join(others)}", remedy)
    if is_done:
        raise ContractMismatch(f"the namespace {namespace} holds this replay, and it is done", remedy)
