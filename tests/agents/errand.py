"""An errand: calls, writes and letters of one partition, in memory and virtual time, led past everything that waits."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from random import Random
from types import SimpleNamespace
from typing import Literal

from agents.experiments.active_experiments import ActiveExperiments
from agents.experiments.outcomes import Outcomes
from agents.health.statistics import Meter
from agents.worker.answer_samples import AnswerRules, AnswerSamples
from agents.worker.asking import CallRules
from agents.worker.backlog_rules import BacklogRules
from agents.worker.build import Ports, StorePorts, build
from agents.worker.history import PublishingWriter
from agents.worker.partition import Partition
from agents.worker.routes import ExperimentRouter, Permit, Route
from agents.worker.shadow import Shadow
from agents.worker.shoppers import Shopper
from agents.worker.upkeep import UpkeepRules
from clients.calls import Call
from clients.pools.client import PooledClient
from clients.pools.endpoints import Endpoint, Pool
from clients.pools.router import RoutingRules
from penchant.settings import Settings
from storage.answers import KeptAnswer
from storage.checkpoints import Verdict, Write
from streams.errors import BrokerUnavailable
from streams.events.decoding import Decoder, Refusal
from streams.events.event import ShopperEvent
from streams.records.dead_letters import DeadLetter, LimitRules
from streams.records.history import Readable
from streams.records.intents import IntentRules
from streams.sessions.session import Session, SessionRules, fold
from tests.agents.desk import AT_ONCE, EPOCH_MS, KETTLE
from tests.fakes.model import ScriptedModel
from tests.fakes.scripted_calls import Turn
from tests.fakes.store import MemoryStore
from tests.simulation.reason import Reason

TTL_S = 40.0
CALLS = CallRules(deadline_s=6.0, give_up_s=1.0, backoff_s=0.2, max_backoff_s=2.0, unchanged_for_s=3.0)
RULES = Settings(
    triggers=AT_ONCE,
    backlog=BacklogRules(freshness_target_s=60.0, park_after_s=5.0),
    intent=IntentRules(ttl_s=TTL_S),
    dead_letters=LimitRules(window_s=0.1),
    calls=CALLS,
)


class Store(MemoryStore):
    """Fails a pipeline of several writes with what nobody expects, once it is told to."""

    odd = False

    async def write(self, writes: Sequence[Write]) -> list[Verdict]:
        if self.odd and len(writes) > 1:
            self.odd = False
            raise RuntimeError("what nobody expects")
        return await super().write(writes)


class Topic:
    """A topic of Kafka, of letters or of intents; it is away for so many sends."""

    def __init__(self) -> None:
        self.away = 0
        self.letters: list[DeadLetter] = []
        self.appended: list[Readable] = []

    async def send(self, letters: Sequence[DeadLetter]) -> Mapping[int, str]:
        self._refuse()
        self.letters += letters
        return {}

    async def append(self, readable: Readable) -> None:
        self._refuse()
        self.appended.append(readable)

    def _refuse(self) -> None:
        if self.away:
            self.away -= 1
            raise BrokerUnavailable("the topic is away")


class Answers:
    """Where answers are kept, in memory; it fails with these, one after the other."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []
        self.kept: list[tuple[str, int, KeptAnswer]] = []

    async def keep(self, shopper: str, erasure: int, answer: KeptAnswer, most: int, kept_s: float) -> bool:  # noqa: ARG002
        if self.errors:
            raise self.errors.pop(0)
        self.kept.append((shopper, erasure, answer))
        return True


class Router(ExperimentRouter):
    """By their names shoppers are withheld, ruled, or asked about beside, while the errand gives permits."""

    def __init__(self, route: Route, errand: "Errand") -> None:
        super().__init__(route, {}, {}, ActiveExperiments(()), Outcomes())
        self._errand = errand

    def grant(
        self, shopper: str, attempts: int, waited_s: float, passed_s: float, *, urgent: bool = False
    ) -> Permit | None:
        if shopper.startswith(("held", "ruled")):
            held = shopper.startswith("held")
            return Permit(self._everybody, None, withheld=held, by_rules=not held)
        permit = super().grant(shopper, attempts, waited_s, passed_s, urgent=urgent) if self._errand.permits else None
        return permit and Permit(permit.route, permit.slot, shadow=self._errand.shadow)


class Errand:
    """One worker's dispatch, parking and refusals before two replicas, a store, and topics for letters and intents."""

    def __init__(self) -> None:
        self.meter, self.partition = Meter(), Partition(0, 1, 0.0)
        self.store, self.letters, self.intents = Store(self._clock_ms), Topic(), Topic()
        self.models = {f"http://gpu-{number}": ScriptedModel(self._turn, name=f"gpu-{number}") for number in range(2)}
        self.pool = PooledClient(
            [Pool("gpus", tuple(Endpoint(url=url) for url in self.models))],
            lambda endpoint: self.models[endpoint.url],
            router=RoutingRules(hedging=True),
            chance=Random(0),
        )
        self.shadow = Shadow(("x", "shade"), Reason(), self.pool, CALLS, Outcomes(), self.meter)
        self.answers = Answers()
        self.samples = AnswerSamples(self.answers, AnswerRules(share=1.0), self._clock_ms, self.meter)
        built = build(RULES, self._ports(), UpkeepRules())
        self.backlog, self.dispatch = built.memory.backlog, built.dispatch
        self.parking, self.refusals = built.parking, built.refusals
        self.turns: dict[str, Turn] = {}
        self.permits = True
        self.offset = 0
        self.last: dict[str, int] = {}
        self.refused: list[int] = []

    def _ports(self) -> Ports:
        return Ports(
            kept=StorePorts(store=self.store, name="errand", clock_ms=self._clock_ms),
            letters=self.letters,
            decoder=Decoder(),
            reasoning=Reason(),
            slots=self.pool.slots("live", "v1"),
            meter=self.meter,
            router=lambda everybody: Router(everybody, self),
            learn=self._learn,
            traced=lambda case: nullcontext(self.samples.sampled(case)),
            publish=lambda writer: PublishingWriter(writer, self.intents, self._clock_ms, self.meter),
        )

    async def _learn(self, session: Session) -> None:
        """The shop says nothing of its products."""

    async def run(self) -> None:
        """As a worker does, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.dispatch.run())
            tasks.create_task(self.shadow.run())
            tasks.create_task(self.refusals.run())
            tasks.create_task(self.samples.run())
            tasks.create_task(self._keep_house())

    async def lead(self) -> None:
        """Past every place where a call, a write or a letter waits."""
        for part in (
            self._answers,
            self._leaves_out,
            self._hedges,
            self._writes_without,
            self._waits_for_models,
            self._parks,
            self._sends,
        ):
            await part()
        await asyncio.sleep(120.0)  # whatever was put back has been tried again

    async def _answers(self) -> None:
        router = self.pool.router
        router.rules = replace(router.rules, hedging=False)
        self.view("ada", "ben")
        await asyncio.sleep(1.0)
        router.rules = replace(router.rules, hedging=True)
        self.turns["cleo"] = Turn(("no intent",))
        self.store.odd = True
        self.view("cleo", "dora", "held-1", "ruled-1")
        self.intents.away = 1
        await asyncio.sleep(3.0)

    async def _leaves_out(self) -> None:
        """The rules say again what they said at the last call, so that none is made."""
        self.view("mia")
        await asyncio.sleep(1.0)
        self.view("mia")
        await asyncio.sleep(4.0)

    async def _hedges(self) -> None:
        now_s = asyncio.get_running_loop().time()
        for _ in range(100):
            self.pool.router.hedges["live"].budget.call(now_s)
            self.pool.router.hedges["live"].first_tokens.learn(0.1)
        self.turns["emil"] = Turn(delay_s=2.0)
        self.view("emil")
        await asyncio.sleep(5.0)

    async def _writes_without(self) -> None:
        """The store is away for a moment, while answers come and shoppers are parked."""
        self.view("fay")
        self.view("gus", call=False)
        self.store.fail_next(2)
        await asyncio.sleep(5.0)

    async def _waits_for_models(self) -> None:
        """The rules stand in; one intent is made anew, one expires while no model is there, and one while a last call
        for it is under way."""
        self._models("go")
        self.view("hal")
        await asyncio.sleep(10.0)
        self._models("come")
        await asyncio.sleep(10.0)
        self._models("go")
        self.view("ida")
        await asyncio.sleep(TTL_S + 10.0)
        self._models("come")
        await asyncio.sleep(5.0)
        self._models("go")
        self.view("ira")
        await asyncio.sleep(TTL_S - 10.0)
        self.turns["ira"] = Turn(delay_s=60.0)
        self._models("come")
        await asyncio.sleep(25.0)
        del self.turns["ira"]
        await asyncio.sleep(5.0)

    async def _parks(self) -> None:
        """Nobody gets a permit, so that those who wait hold the commit, twice; somebody quiet beside them."""
        self.permits = False
        self.store.down = True
        self.view("jon", "kim")
        await asyncio.sleep(8.0)
        self.store.down = False
        await asyncio.sleep(3.0)
        self.view("jon", "kim")
        self.view("lea", call=False)
        await asyncio.sleep(12.0)
        self.permits = True
        await asyncio.sleep(10.0)

    async def _sends(self) -> None:
        self.letters.away = 1
        self._refuse(2)
        await asyncio.sleep(2.0)
        self._refuse(1)

    def view(self, *names: str, call: bool = True) -> None:
        """They do something now."""
        now_s = asyncio.get_running_loop().time()
        for name in names:
            shopper = self.partition.shoppers.setdefault(name, Shopper(name, self.partition))
            event = ShopperEvent(f"e{self.offset}", name, "view", self._clock_ms(), items=(KETTLE,))
            fold(shopper.session, event, self.offset, self._clock_ms(), SessionRules())
            owed = self.backlog.note(shopper, now_s, action="view", call=call, appended_ms=self._clock_ms())
            if owed.ticket is None or not owed.ticket.open:
                owed.ticket = self.partition.ledger.owe(self.offset, shopper, now_s)
            self.partition.ledger.received(self.offset)
            self.last[name] = self.offset
            self.offset += 1
        self.dispatch.nudge()

    def unsettled(self) -> list[str]:
        """What is not as it is to be in the end."""
        shoppers, meter = self.partition.shoppers.values(), self.meter
        wrong = [f"{who.id} is owed something" for who in shoppers if not who.clean]
        wrong += [f"{who.id}: {what}" for who in shoppers if (what := self._wrong(who))]
        wrong += [f"{name} still runs calls" for name, each in self.models.items() if each.running]
        wrong += [f"{each.name} holds permits" for each in self.pool.replicas if each.limiter.in_flight.total()]
        wrong += [f"{offset} has no letter" for offset in self.refused if offset not in self._lettered()]
        wrong += [f"{name} is not stored" for name, offset in self.last.items() if self._stored(name) != offset]
        wrong += ["calls in flight"] * bool(meter.in_flight)
        wrong += ["the commit is held"] * (self.partition.ledger.head() is not None)
        return wrong

    def _wrong(self, shopper: Shopper) -> str:
        intent = self.store._data.intents.get(shopper.id)
        silent = shopper.id.startswith("held") or shopper.id in ("gus", "lea", "mia")
        if not silent and (intent is None or int(intent[0].position.split(":")[1]) != shopper.session.folded):
            return "no intent of the last event"
        return ""

    def _stored(self, name: str) -> int:
        context = self.store._data.contexts.get(name)  # whatever its expiry
        return -1 if context is None else context[0].position.offset

    def _lettered(self) -> set[int]:
        return {letter.offset for letter in self.letters.letters}

    def _refuse(self, count: int) -> None:
        refused = []
        for _ in range(count):
            record = SimpleNamespace(offset=self.offset, timestamp=0, key=b"ada", value=b"no json", headers=())
            ticket = self.partition.ledger.owe(self.offset, None, asyncio.get_running_loop().time())
            refused.append((Refusal(record, "json"), ticket))
            self.refused.append(self.offset)
            self.partition.ledger.received(self.offset)
            self.offset += 1
        self.refusals.add(self.partition, "clicks", refused)

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            self.refusals.settle(asyncio.get_running_loop().time())
            await self.parking.quiet()
            await self.parking.park_head_of_line(self.partition)

    def _models(self, word: Literal["go", "come"]) -> None:
        for each in self.models.values():
            each.away = word == "go"

    def _turn(self, call: Call) -> Turn:
        return self.turns.get(call.shopper, Turn(("an intent",), 0.05))

    def _clock_ms(self) -> int:
        return EPOCH_MS + int(asyncio.get_running_loop().time() * 1e3)
