"""Changes: what became different between two looks at a fleet, to stand in the chart where it happened. Pure."""

from collections.abc import Iterator, Mapping

from penchant.console.snapshot import Change, Snapshot


def changes(before: Snapshot, now: Snapshot) -> Iterator[Change]:
    """In no order. Of a fleet that was not known before, nothing is told."""
    if before.fleet is None or now.fleet is None:
        return
    for name in sorted(now.workers.keys() - before.workers.keys()):
        yield Change(now.at_ms, "calm", f"{name} joined")
    for name in sorted(before.workers.keys() - now.workers.keys()):
        yield Change(now.at_ms, "bad", f"{name} is gone")
    for name, thrown in now.switches.items():
        if before.switches.get(name) != thrown:
            yield Change(thrown.at_ms, "bad", f"{name.replace('_', '-')} by {thrown.who}", "people")
    for name in before.switches.keys() - now.switches.keys():
        yield Change(now.at_ms, "calm", f"{name.replace('_', '-')} is back", "people")
    yield from _of_replicas(before, now)


def _of_replicas(before: Snapshot, now: Snapshot) -> Iterator[Change]:
    were, are = replica_states(before), replica_states(now)
    for name in were.keys() & are.keys():
        if were[name] != are[name]:
            words = {"out": "ejected", "trial": "back, on trial", "in": "back"}.get(are[name], are[name])
            yield Change(now.at_ms, "bad" if are[name] == "out" else "calm", f"{name[1]} {words}")


def replica_states(seen: Snapshot) -> Mapping[tuple[str, str], str]:
    """The state of each model server, by pool and name: the worst that a worker sees."""
    rank = ("in", "trial", "out")
    worst: dict[tuple[str, str], str] = {}
    for samples in seen.samples.values():
        for labels, value in samples.rows("replica_state"):
            if value:
                key, state = (labels.get("pool", ""), labels.get("replica", "")), labels.get("state", "")
                if state in rank and (key not in worst or rank.index(state) > rank.index(worst[key])):
                    worst[key] = state
    return worst
