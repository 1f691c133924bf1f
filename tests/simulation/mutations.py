"""Mutations: rules of the core broken on purpose. The simulation must catch every one."""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from streams.events.dialects import dialect, whole_dialect
from tests.simulation import broken_parts as parts
from tests.simulation import broken_ports as ports
from tests.simulation import broken_upkeep as upkeep
from tests.simulation.broken_reason import Restamping
from tests.simulation.broken_upkeep import ruled
from tests.simulation.worker import Parts


@dataclass(frozen=True, slots=True)
class Mutation:
    """A worker with one part that breaks a rule. `first_seed`: where to look for what is caught rarely."""

    name: str
    parts: Parts
    first_seed: int = 0


MUTATIONS = {
    mutation.name: mutation
    for mutation in [
        Mutation("names the snapshot in force when it writes", Parts(reason=Restamping)),
        Mutation("commits without a lag", Parts(enrichment=partial(ruled, lag_s=0.0))),
        Mutation("keeps what is sensitive", Parts(decoder=partial(whole_dialect, keyed=True))),
        Mutation("reads the marks only once", Parts(enrichment=partial(ruled, recall_every_s=1e9))),
        Mutation("takes events under any key", Parts(decoder=partial(dialect, keyed=False))),
        Mutation(
            "tells a store that fell back nothing again",
            Parts(erasures=upkeep.Mute, connection=ports.Trusting),
        ),
        Mutation(
            "shows the rules' intent whatever others have stored",
            Parts(connection=ports.Meddling),
            first_seed=1_001_354,
        ),
        *(
            Mutation((broken.__doc__ or "").split(":")[0].rstrip(".").lower(), Parts(**{role: broken}))
            for role, broken in [
                ("backlog", parts.Forgetful),
                ("backlog", parts.Replacing),
                ("backlog", parts.Content),
                ("checkpoints", parts.Mortal),
                ("checkpoints", parts.Silent),
                ("router", upkeep.Hedging),
                ("dispatch", parts.Overtaking),
                ("dispatch", parts.Lavish),
                ("enrichment", upkeep.Hasty),
                ("enrichment", upkeep.Keeping),
                ("enrichment", upkeep.Timeless),
                ("enrichment", upkeep.Evicting),
                ("ingest", parts.Careless),
                ("ingest", parts.Doubling),
                ("parking", parts.Patient),
                ("recall", parts.Rash),
                ("refusals", parts.Quick),
                ("connection", ports.Unmoved),
                ("connection", ports.Welcoming),
                ("connection", ports.Negligent),
                ("connection", ports.Incurious),
                ("connection", ports.Dating),
                ("connection", ports.Jealous),
                ("connection", ports.Hopeful),
                ("connection", ports.Markless),
                ("connection", ports.Overwriting),
                ("connection", ports.Fieldwise),
                ("connection", ports.Baseless),
                ("connection", ports.Splitting),
                ("letters", ports.Deaf),
                ("backlog", parts.Eager),
                ("checkpoints", parts.Nostalgic),
                ("checkpoints", parts.Reviving),
                ("enrichment", upkeep.Restless),
                ("enrichment", upkeep.Impatient),
                ("ingest", parts.Single),
                ("ingest", parts.Brittle),
                ("ingest", parts.Shrugging),
                ("recall", parts.Ancestral),
                ("recall", parts.Fragile),
                ("ingest", parts.Amnesiac),
                ("dispatch", upkeep.Lingering),
                ("consumer", ports.Uncommitted),
                ("consumer", ports.Parting),
                ("switched", upkeep.Heedless),
                ("router", upkeep.Curious),
                ("router", upkeep.Gossiping),
                ("trial", upkeep.Loyal),
                ("rekey", upkeep.Presuming),
                ("consumer", ports.Skipping),
                ("health", upkeep.Nervous),
                ("connection", ports.Confident),
                ("letters", ports.Insistent),
                ("consumer", ports.Resuming),
                ("freezable", ports.Writing),
                ("consumer", ports.Stopped),
                ("consumer", ports.Unstoppable),
            ]
        ),
    ]
}
"""By what the worker does."""

SEEDS = Path(__file__).with_name("seeds.json")
"""By mutation the first seed that caught it, as `python -m tests.simulation --mutations --remember` found it."""


def remembered() -> dict[str, int]:
    """The seeds of SEEDS."""
    return dict(json.loads(SEEDS.read_text(encoding="utf-8")))


def remember(seeds: dict[str, int]) -> None:
    """Write SEEDS."""
    SEEDS.write_text(json.dumps(seeds, indent=2) + "\n", encoding="utf-8")
