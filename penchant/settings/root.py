"""Settings: every setting of Penchant, in sections. Each section is what a part of the worker takes."""

from pydantic import field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from agents.experiments.value import LiftRules
from agents.learning.rules import LearningRules
from agents.match.ranking import MatchRules
from agents.products.images import ProductRules
from agents.worker.answer_samples import AnswerRules
from agents.worker.asking import CallRules
from agents.worker.backlog_rules import BacklogRules
from agents.worker.knowledge import KnowledgeRules
from clients.calls import Sampling
from clients.pools.endpoints import Endpoint
from clients.pools.router import RoutingRules
from penchant.front.rules import HttpRules
from penchant.settings.experiments import Experiments
from penchant.settings.kafka import Kafka
from penchant.settings.operation import Alerts, Console, Health, Jobs, Log, Serve, Traces
from penchant.settings.pools import Pools
from penchant.settings.prompts import prompt_library
from penchant.settings.teams import Teams
from penchant.settings.use_cases import UseCases
from prompts.budget import PromptRules
from prompts.library import PromptLibrary
from storage.redis_rules import RedisRules
from streams.errors import SettingInvalid
from streams.events.privacy import PrivacyRules
from streams.records.dead_letters import LimitRules
from streams.records.intents import IntentRules
from streams.section import Name, Serial
from streams.sessions.ledger import CommitRules
from streams.sessions.session import ROWS_PER_EVENT, SessionRules
from streams.sessions.triggers import TriggerRules

PREFIX = "PENCHANT_"
DELIMITER = "__"


class Misfit(ValueError):
    """A setting that does not fit to another one of its section: `key` is its name there, `given` its value."""

    def __init__(self, key: str, given: object, fault: str) -> None:
        super().__init__(fault)
        self.key, self.given = key, given


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
    profile: Name | None = None
    """Settings that belong together, below those that are set otherwise: fresh, balanced, thrifty, night, or the path
    of a .toml file with some of the settings of this one (docs/capacity.md)."""
    kafka: Kafka = Kafka()
    redis: RedisRules = RedisRules()
    model: Endpoint = Endpoint()
    calls: CallRules = CallRules()
    sampling: Sampling = Sampling()
    pools: Pools = ()
    """Several model servers, in place of the one of [model]. Each shopper stays with one of a pool, which holds their
    KV blocks. A later pool serves a shopper when an earlier one has no slot. An endpoint has a url, and may have the
    dialect, name, server, tokens_per_block, api_key and tls that it does not share with [model]; a weight, which is its
    share of the shoppers; and its price: per_hour, with all its GPUs, or per_million_input, per_million_cached and
    per_million_output. A running worker takes up other pools on SIGHUP."""
    prompt: PromptRules = PromptRules()
    lift: LiftRules = LiftRules()
    experiments: Experiments = ()
    """Arms that some shoppers are in: another pool, model, prompt_version, or max_tokens, temperature and seed for
    them; see docs/experiments.md. percent is how many, in steps of 0.01. kind is live, shadow (its answers are only
    compared) or holdout (no intents). The guardrails roll an experiment back by themselves: min_calls of both sides
    before anything is judged, how much larger the share of calls may be that end as errors, invalid or with empty
    evidence, p95_factor, and by how much fewer sessions may have clicked, carted or purchased, or how much lower their
    value may be. A running worker takes up percentages and guardrails on SIGHUP; anything else needs a new
    start."""
    use_cases: UseCases = {}
    """What a model is asked for, each with servers, limits and a budget of its own: products, match, or a team's own.
    Each may have pools, in order, model, traffic_class, deadline_s, max_input_tokens, max_tokens, temperature, seed and
    budget_tokens_per_hour; what is not said is as everywhere else. intents may name pools; the rest of it is in
    [model], [calls], [sampling] and [prompt]."""
    teams: Teams = {}
    """Who owns jobs: each team may have members, a share of what all jobs may have in flight, and
    budget_tokens_per_hour."""
    routing: RoutingRules = RoutingRules()
    privacy: PrivacyRules = PrivacyRules()
    session: SessionRules = SessionRules()
    triggers: TriggerRules = TriggerRules()
    backlog: BacklogRules = BacklogRules()
    intent: IntentRules = IntentRules()
    commit: CommitRules = CommitRules()
    dead_letters: LimitRules = LimitRules()
    answers: AnswerRules = AnswerRules()
    knowledge: KnowledgeRules = KnowledgeRules()
    learning: LearningRules = LearningRules()
    match: MatchRules = MatchRules()
    products: ProductRules = ProductRules()
    health: Health = Health()
    alerts: Alerts = Alerts()
    traces: Traces = Traces()
    http: HttpRules = HttpRules()
    console: Console = Console()
    serve: Serve = Serve()
    jobs: Jobs = Jobs()
    log: Log = Log()

    @field_validator("session")
    @classmethod
    def drops_whole_events(cls, session: SessionRules) -> SessionRules:
        """A drop must drop something, and it drops whole events."""
        if session.low_rows > session.high_rows - ROWS_PER_EVENT:
            fault = f"must be at least {ROWS_PER_EVENT} below session.high_rows, which is {session.high_rows}"
            raise Misfit("low_rows", session.low_rows, fault)
        return session

    @field_validator("prompt")
    @classmethod
    def names_a_template(cls, prompt: PromptRules) -> PromptRules:
        """The folder holds what it must, and the template is there."""
        try:
            library = prompt_library(prompt.folder)
        except SettingInvalid as error:
            raise Misfit("folder", prompt.folder, str(error)) from error
        if prompt.version not in library.names:
            raise Misfit("version", prompt.version, f"there is none of the name: choose of {', '.join(library.names)}")
        return prompt

    @property
    def prompts(self) -> PromptLibrary:
        """The templates and the vocabulary in force."""
        return prompt_library(self.prompt.folder, self.intent.missions)

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
