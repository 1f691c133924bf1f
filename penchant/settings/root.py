"""Settings: every setting of Penchant, in sections."""

from typing import Annotated

from pydantic import AfterValidator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from penchant.settings.experiments import Experiments, check_experiments
from penchant.settings.kafka import Commit, DeadLetters, Kafka
from penchant.settings.model import Model, Prompt
from penchant.settings.operation import Alerts, Health, Log
from penchant.settings.pools import Pools, Routing, check_pools
from penchant.settings.redis import Intent, Knowledge, Redis
from penchant.settings.section import Serial
from penchant.settings.sessions import Backlog, Session, Triggers

PREFIX = "PENCHANT_"
DELIMITER = "__"


class Settings(BaseSettings):
    """Every setting, checked. Made directly it reads nothing; `load_settings` reads the file and the environment."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,  # a traceback must not show a password
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        env_ignore_empty=True,  # compose files pass on unset variables as empty ones
        enable_decoding=False,  # lists are words between commas
    )

    lineage: Serial = 0
    """The least number of the event topic's lineage. The number in force is kept in Redis, and `penchant lineage bump`
    raises it."""
    kafka: Kafka = Kafka()
    redis: Redis = Redis()
    model: Model = Model()
    pools: Annotated[Pools, AfterValidator(check_pools)] = None
    """Several model servers, in place of the one of [model]. Each shopper stays with one of a pool, which holds their
    KV blocks. A later pool serves those for whom an earlier one has no place. An endpoint has a url, and may have the
    dialect, model, server, tokens_per_block and api_key that it does not share with [model]; a weight, which is its
    share of the shoppers; and its prices: price_per_hour, with all its GPUs, or price_per_million_input, _cached and
    _output. A running worker takes up other pools on SIGHUP."""
    experiments: Annotated[Experiments, AfterValidator(check_experiments)] = None
    """Arms that some shoppers are in: another pool, model, prompt_version, or max_tokens, temperature and seed for
    them; see docs/experiments.md. percent is how many, in steps of 0.01. kind is live, shadow (its answers are only
    compared) or holdout (no intents). The guardrails roll an experiment back by themselves: min_calls of both sides
    before anything is judged, how many hundredths of one more of the calls may end as errors, invalid or with empty
    evidence, and p95_factor. A running worker takes up percentages and guardrails on SIGHUP; anything else needs a new
    start."""
    routing: Routing = Routing()
    session: Session = Session()
    triggers: Triggers = Triggers()
    backlog: Backlog = Backlog()
    intent: Intent = Intent()
    commit: Commit = Commit()
    dead_letters: DeadLetters = DeadLetters()
    prompt: Prompt = Prompt()
    knowledge: Knowledge = Knowledge()
    health: Health = Health()
    alerts: Alerts = Alerts()
    log: Log = Log()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 # the signature is the library's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """No hidden reading: what is passed is all there is."""
        return (init_settings,)
