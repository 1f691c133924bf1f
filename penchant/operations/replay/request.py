"""Request: a replay as a person asks for it, on the command line or on a page. Pure."""

import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from penchant.operations.replay.plan import PER_SERVER, ReplayPlan
from penchant.settings.root import Settings
from streams.errors import SettingInvalid
from streams.kafka.moments import EARLIEST, LATEST, moment


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """From `begin` to `end`, moments as people write them; empty texts and 0 mean what the command says by default."""

    begin: str = EARLIEST
    end: str = LATEST
    namespace: str = ""
    live: bool = False
    generation: int = 0
    events: Path | None = None
    prompt_version: str = ""
    per_server: int = PER_SERVER
    learned: str | None = None
    afresh: bool = False

    def settings(self, settings: Settings) -> Settings:
        """Those that it runs with. SettingInvalid for a prompt that is not there."""
        if not self.prompt_version:
            return settings
        settings.prompts.template(self.prompt_version)
        return settings.model_copy(update={"prompt": replace(settings.prompt, version=self.prompt_version)})

    def plan(self, settings: Settings, now_ms: int) -> ReplayPlan:
        """What is to be replayed, and to where. SettingInvalid for what does not go together."""
        if self.live and (self.namespace or self.events):
            raise SettingInvalid(
                "--live writes to redis.namespace, from the topic", "leave --namespace and --events out"
            )
        if self.namespace == settings.redis.namespace:
            raise SettingInvalid(f"--namespace {self.namespace} is the live one", "add --live for it, or name another")
        plan = ReplayPlan(
            moment(self.begin, now_ms), moment(self.end, now_ms), per_server=self.per_server, learned=self.learned,
            span=f"{self.begin} to {self.end}", afresh=self.afresh,
        )  # fmt: skip
        if self.live:
            return replace(plan, generation=self.generation or now_ms // 1_000)
        return replace(plan, namespace=self.namespace or f"{settings.redis.namespace}-replay", file=self.events)

    def command(self) -> str:
        """The same as a command; its file and what it learned from are left out."""
        given = {
            "--from": self.begin,
            "--to": self.end if self.end != LATEST else "",
            "--namespace": self.namespace,
            "--prompt-version": self.prompt_version,
            "--per-server": str(self.per_server) if self.per_server != PER_SERVER else "",
            "--generation": str(self.generation or ""),
        }
        words = [word for name, value in given.items() if value for word in (name, value)]
        flags = [name for name, wanted in (("--live", self.live), ("--afresh", self.afresh)) if wanted]
        return shlex.join(["penchant", "replay", *words, *flags])
