"""Settings of use cases, as tables or as JSON in a variable, and whether their pools are there."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from clients.pools.use_cases import UseCase
from penchant.settings.pools import from_json

KNOWN = ("intents", "products", "match")
"""Those that Penchant has itself; a team may add its own."""

SAMPLE = """\
[use_cases.products]
pools = ["large"]
max_input_tokens = 4_000
budget_tokens_per_hour = 20_000_000

[use_cases.match]
pools = ["small"]
traffic_class = "realtime"
deadline_s = 0.15"""


def _fitting(cases: Mapping[str, UseCase], info: ValidationInfo) -> Mapping[str, UseCase]:
    """The use cases, when each pool that they name is there; ValueError names the first that is not."""
    pools = [pool.name for pool in info.data.get("pools", ())]
    for name, case in cases.items():
        if "pools" in info.data and (missing := [pool for pool in case.pools if pool not in pools]):
            known = ", ".join(pools) or "none"
            raise ValueError(
                f"{name}.pools: there is no pool {missing[0]}: add it to [[pools]], where there are: {known}"
            )
    named = {name for case in cases.values() for name in case.pools}
    if pools and set(pools) <= named and not cases.get("intents", UseCase()).pools:
        raise ValueError("every pool is a use case's, and intents have none: name theirs in use_cases.intents.pools")
    if "intents" in cases and cases["intents"] != UseCase(pools=cases["intents"].pools):
        raise ValueError("intents: it may name pools; the rest is in [model], [calls], [sampling] and [prompt]")
    return cases


UseCases = Annotated[
    Mapping[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")], UseCase],
    BeforeValidator(from_json),
    AfterValidator(_fitting),
    Field(json_schema_extra={"form": "tables as shown here, or the same as JSON", "sample": SAMPLE}),
]
