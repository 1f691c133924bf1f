"""Stage: everything that the demonstration runs, and what it has come to so far."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.health.probes import Health
from agents.worker.asking import CallRules
from agents.worker.instruments import Instruments
from clients.pools.endpoints import Endpoint
from penchant.demo.followed import Followed
from penchant.settings.kafka import Kafka
from penchant.settings.root import Settings
from penchant.telemetry.health_server import endpoint
from penchant.telemetry.metrics.exposition import exposition
from penchant.worker.app import MODEL_AWAY, Worker, worker
from sandbox.servers.server import free_ports
from sandbox.servers.stack import Stack
from sandbox.shop.player import Player
from sandbox.shop.producer import EventProducer

if TYPE_CHECKING:
    from penchant_reader import AsyncIntentReader  # of an extra

PARTITIONS = 4
GROUP = "penchant-demo"
GAP_S = 1_800.0
FETCH_WAIT_S = 0.05
"""The mock of Kafka answers a fetch that finds nothing when this is over, and not when the next record is there."""

READ_S = 5.0
"""How long a look at Redis may take: on a machine that does much else it does."""

CALLS_WAITED = 8
"""A call's deadline, in calls of a model whose pace is known."""


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What to play and where to keep the servers' logs. Without `events`, a file, shoppers are simulated.

    Afterwards it is kept running by `keep`, and by `browse` while shoppers go on; `console` shows it in a browser.
    `model` is a server in the place of the simulated GPU; `gguf` is the file of a real one to run, `call_s` the seconds
    of one of its calls, where known, and `model_name` says what it is. `prompt` is a version in the place of the
    default one. `secured` runs it in a guarded estate.
    """

    run_folder: Path
    seconds: float = 20.0
    shoppers: int | None = None
    rate: float | None = None
    seed: int = 1
    events: Path | None = None
    speed: float | None = None
    model: Endpoint | None = None
    keep: bool = False
    browse: bool = False
    console: bool = True
    gguf: Path | None = None
    prompt: str = ""
    model_name: str = ""
    call_s: float = 0.0
    secured: bool = False


@dataclass(slots=True)
class Stage:
    """What runs. `reader` reads intents as rankers do; `notices` are the latest lines for people: what broke, and what
    came back."""

    plan: DemoPlan
    stack: Stack
    worker: Worker
    player: Player
    followed: Followed
    reader: "AsyncIntentReader"
    settings: Settings
    components: dict[str, str]
    notices: deque[str] = field(default_factory=lambda: deque(maxlen=6))


@asynccontextmanager
async def set_up(plan: DemoPlan, speed: float, say: Callable[[str], None]) -> AsyncIterator[Stage]:
    """The embedded stack, a worker and a player; all of it stops with the block, and what breaks is raised in it."""
    settings = Settings()
    topics = {settings.kafka.topic: PARTITIONS, settings.kafka.dead_letter_topic: 1, settings.kafka.erasure_topic: 1}
    async with AsyncExitStack() as exits:
        stack = await exits.enter_async_context(_stack(plan, topics))
        settings, model = _settings(plan, stack, speed), stack.stand_in
        if model is not None:
            exits.push_async_callback(model.close)
        instruments = Instruments(Health(settings.health.bound_s))
        await exits.enter_async_context(endpoint(settings.health, instruments.health, exposition(instruments)))
        running = await exits.enter_async_context(worker(settings, model, instruments=instruments))
        shop = Kafka(**stack.sections("shop")["kafka"])
        sender = await exits.enter_async_context(EventProducer(shop.options, settings.kafka.topic))
        components = dict(stack.components)
        if plan.model is not None:
            components["model"] = plan.model_name or running.model
        followed, clock = Followed(), asyncio.get_running_loop().time
        player = Player(sender, watch=lambda event: followed.note(event, clock()))
        reader = await exits.enter_async_context(_reader(stack, settings))
        stage = Stage(plan, stack, running, player, followed, reader, settings, components)

        def notice(line: str) -> None:
            stage.notices.append(line)
            say(line)

        for line in (*stack.notes, *_absence(plan, running)):
            notice(line)
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(stack.watch(notice))
            yield stage
            watching.cancel()


def _reader(stack: Stack, settings: Settings) -> "AsyncIntentReader":
    from penchant_reader import AsyncIntentReader  # noqa: PLC0415 # of an extra

    redis = settings.redis
    return AsyncIntentReader(stack.reader_url, namespace=redis.namespace, timeout_s=READ_S, cluster=redis.cluster)


def _stack(plan: DemoPlan, topics: Mapping[str, int]) -> Stack:
    model = plan.model is None
    if plan.secured:
        from sandbox.servers.secured_stack import SecuredStack  # noqa: PLC0415 # of an extra

        return SecuredStack(plan.run_folder, topics=topics, group=GROUP, model=model)
    return Stack(plan.run_folder, topics=topics, model=model)


def _settings(plan: DemoPlan, stack: Stack, speed: float) -> Settings:
    """The defaults, at the stack's addresses. Recorded time runs faster by `speed`, so the session gap shrinks with it;
    refusals need not wait as long as in production for their window to pass. A slow model is waited for."""
    calls = {"deadline_s": max(CALLS_WAITED * plan.call_s, CallRules().deadline_s)}
    sections: dict[str, Any] = stack.sections()
    sections["kafka"] |= {"group": GROUP, "fetch_wait_s": FETCH_WAIT_S}
    if plan.model is not None:
        sections["model"] = plan.model
    if plan.prompt:
        sections["prompt"] = {"version": plan.prompt}
    return Settings.model_validate(
        {
            **sections,
            "calls": calls,
            "session": {"gap_s": max(GAP_S / speed, 1.0)},
            "dead_letters": {"window_s": 2.0},
            "health": {"port": free_ports(1)[0]},
        }
    )


def _absence(plan: DemoPlan, running: Worker) -> list[str]:
    """What is said of a model that is away at the start."""
    if plan.model is None or running.model != MODEL_AWAY:
        return []
    return [f"The model at {plan.model.address} does not answer; the rules stand in until it does"]
