"""Fleet: the workers of a run, and the supervisor that starts them again."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from streams.errors import DeadLetterLimit
from tests.simulation.faults import Fault
from tests.simulation.replays import Replay
from tests.simulation.wire import Weather
from tests.simulation.worker import Parts, Worker
from tests.simulation.world import Environment


class SimulatedFleet:
    """Each worker has a number; each of its lives is a process of its own."""

    def __init__(self, world: Environment, parts: Parts) -> None:
        self.workers: dict[int, Worker] = {}
        self.seen: Counter[str] = Counter()
        self._world, self._parts = world, parts
        self._scale = world.plan.scale
        self._lives: list[Worker] = []
        self._well_s = 0.0
        self._replays: list[Replay] = []

    def start(self, number: int) -> None:
        """Start a worker, unless it runs."""
        if number in self.workers:
            return
        world = self._world
        process = world.clock.process(f"w{number}.{len(self._lives) + 1}")
        skew_ms = partial(world.skews_ms.__getitem__, number)
        worker = Worker(process, world, self._scale, self._parts, world.chance(process.name), skew_ms)
        worker.well_s = world.clock.now_s
        self.workers[number] = worker
        self._lives.append(worker)
        world.trace.say(worker.name, "starts")
        worker.start()

    def replay(self, fault: Fault, *, live: bool) -> None:
        """Operators replay what the log holds. Some replays are killed, and begun again; a namespace holds one."""
        world = self._world
        if not live and any(not each.live for each in self._replays):
            return
        process = world.clock.process(f"{'live-' if live else ''}replay{len(self._replays)}.1")
        begun = Replay(process, world, live=live, generation=world.clock_ms())
        self._replays.append(begun)
        begun.start()
        if fault.worker == 0:
            world.process.call_later(fault.for_s, self._replay_again, begun)

    def _replay_again(self, begun: Replay) -> None:
        if begun.done:
            return
        begun.process.kill()
        self._world.model.hang_up(begun.process.name)
        again = begun.again(self._world.clock.process(f"{begun.process.name}.2"))
        self._replays.append(again)
        again.start()

    def replace(self, number: int, worker: Worker, after_s: float) -> None:
        """End a worker, whatever it does, and start another one later."""
        if self.workers.get(number) is worker:
            del self.workers[number]
            worker.kill()
            self._world.process.call_later(after_s, self.start, number)

    def stopped(self, number: int, worker: Worker, after_s: float) -> None:
        """A worker has had its time to stop."""
        if self.workers.get(number) is worker and worker.lingers:
            self._world.wrong.append(f"stop: {worker.name} still stops, though its time is over")
        self.replace(number, worker, after_s)

    def heal(self) -> None:
        """Everybody runs again. Where the limit of dead letters stopped workers, the operator raises it."""
        self._scale = replace(self._scale, dead_letters=replace(self._scale.dead_letters, limit_share=1.0))
        for number in range(self._world.plan.workers):
            worker = self.workers.get(number)
            if worker is None:
                self.start(number)
            else:
                worker.thaw()
                worker.store_wire.cut = worker.broker_wire.cut = False

    def unwell(self, for_s: float) -> None:
        """The store is away for so long, which may be too short for anybody to look."""
        self._well_s = max(self._well_s, self._world.clock.now_s + for_s)

    def inspect(self) -> None:
        """What must hold at any time."""
        world = self._world
        if world.store_weather != Weather() or world.letters.weather != Weather() or not world.nodes.well:
            self._well_s = world.clock.now_s
        for process in world.clock.processes:
            world.wrong += [f"death: {failure}" for failure in process.failures]
        for number, worker in list(self.workers.items()):
            self._inspect_worker(number, worker)

    def unsettled(self) -> Iterator[str]:
        """Places that nobody gave back, and replays that are not done."""
        for replay in self._replays:
            yield from replay.unsettled()
        for worker in self.workers.values():
            replicas = worker.pooled.replicas if worker.pooled is not None else ()
            held = sum(replica.limiter.in_flight.total() for replica in replicas)
            if held:
                yield f"settled: {worker.name} holds {held} places"

    def counted(self) -> Counter[str]:
        """What all workers counted."""
        return sum((worker.counted() for worker in self._lives), self.seen)

    def _inspect_worker(self, number: int, worker: Worker) -> None:
        now_s = self._world.clock.now_s
        if isinstance(worker.ended, DeadLetterLimit):
            self.seen["limit"] += 1
            self.replace(number, worker, after_s=0.5)
        elif worker.ended is not None:
            self._world.wrong.append(f"death: {worker.name} ended: {worker.ended!r}")
        elif worker.process.held is None:
            self._inspect_progress(worker, now_s)
        else:
            worker.well_s = worker.awake_s = now_s

    def _disobeyed(self, worker: Worker, now_s: float) -> Iterator[str]:
        """What a worker still does though operators have switched it off."""
        ours, calling = worker.enrichment, {who for who, _ in self._world.model.running.values()}
        for tp, partition in ours.partitions.items():
            reads = tp not in ours.paused and partition.ledger.next_offset is not None
            if worker.progress.lasts(f"reads {tp.partition}", now_s, on=reads and worker.obeys("pause")):
                yield f"switch: {worker.name} reads {tp.partition}, though it is paused"
            if worker.progress.goes_on(partition, halted=worker.obeys("pause")):
                yield f"switch: {worker.name} takes what {tp.partition} brings, though it is paused"
        obeys = worker.progress.lasts("rules_only", now_s, on=worker.obeys("rules_only"))
        if obeys and worker.name in calling:
            yield f"switch: {worker.name} calls the model, though the rules alone are to answer"

    def _inspect_progress(self, worker: Worker, now_s: float) -> None:
        invariants, wrong = self._world.invariants, self._world.wrong
        wrong += invariants.bounds(worker.enrichment, worker.awake_s, now_s)
        wrong += invariants.heaps(worker.backlog, worker.awake_s, now_s)
        wrong += worker.progress.seen(worker.vitals(now_s))
        wrong += self._disobeyed(worker, now_s)
        if worker.store_wire.cut or worker.broker_wire.cut or worker.obeys("freeze_writes"):
            worker.well_s = now_s
        wrong += invariants.head_of_line(worker.enrichment, max(self._well_s, worker.well_s), now_s)
