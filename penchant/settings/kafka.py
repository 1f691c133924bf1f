"""Settings of the way in: Kafka."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from streams.errors import SettingInvalid
from streams.events.dialects import DialectName
from streams.kafka.faust_app import KafkaGroup
from streams.kafka.moments import TIMES, moment
from streams.kafka.oauth import OAuth
from streams.kafka.options import Isolation, KafkaOptions, Mechanism, Protocol
from streams.secret import by_one_way
from streams.section import File, Name, Records, RecordsOrNone, Seconds, form, section, unit
from streams.tls import Tls

Topic = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9._-]{1,249}$",
    ),
    form("a topic name: up to 249 letters, digits, dots, underscores and hyphens"),
]
Brokers = Annotated[
    str,
    Field(
        pattern=r"^[^\s,/@]+:\d{1,5}(\s*,\s*[^\s,/@]+:\d{1,5})*$",
    ),
    form("host:port, several separated by commas"),
]
Beginning = Annotated[str, form(TIMES)]

# Brokers refuse less than 6 unless told otherwise, Faust more than its request timeout of 90.
SessionTimeout = Annotated[float, Field(ge=6, le=90), unit("seconds")]
FetchWait = Annotated[float, Field(gt=0, le=30), unit("seconds")]


@section
class Kafka:
    """Where the shopper events come from."""

    bootstrap: Brokers = "localhost:9092"
    """The brokers to ask first."""
    topic: Topic = "shopper-events"
    """The one topic of shopper events, keyed by shopper."""
    dialect: DialectName = "native"
    """What its records are: native events, or those of others (docs/events.md). By auto each record is recognised;
    cloudevents are envelopes around any of them."""
    redact_queries: Literal["patterns", "presidio"] = "patterns"
    """How personal data is found in what shoppers search for: by its form, or names of people and places by Presidio
    too, which takes milliseconds a query and is better done by penchant rekey. pip install 'penchant[privacy]'."""
    presidio_model: Name = "en_core_web_sm"
    """The model of spaCy's that Presidio reads with; its name begins with the language."""
    group: Name = "penchant"
    """The consumer group; workers of one group share the partitions."""
    start: Beginning = "earliest"
    """Where a group that has never committed begins: earliest, latest, a time as 2026-01-31T08:00 (UTC unless it says
    otherwise), or a duration back from its first start as 2h. What was sent before is never read."""
    isolation: Isolation = "read_committed"
    """Whether events of transactions count that are not committed yet, or were aborted: read_uncommitted reads those
    too, and sooner."""
    instance_id: Name | None = None
    """A name of this worker that outlives a restart (static membership): its partitions then wait for it.
    No two workers may share one: a second one waits for eight seconds, and ends. With --workers each has its number
    behind it."""
    dead_letter_topic: Topic = "shopper-events.dead-letters"
    """Where refused events go, with their origin and the reason as headers."""
    intents_topic: Topic | None = None
    """Each shopper's current intent is sent there too: compacted, keyed by shopper, a tombstone when one is erased."""
    history_topic: Topic | None = None
    """Every intent is appended there, with when it became readable: what a team trains on (penchant export)."""
    impressions_topic: Topic | None = None
    """What shoppers were shown, keyed by shopper; workers then count click-through by arm (docs/experiments.md)."""
    impressions_group: Name | None = None
    """The consumer group in which they read it; another one than kafka.group."""
    activity_topic: Topic | None = None
    """What operators decide is appended there too, since the activity log in Redis keeps the last 10,000 entries alone.
    Give it a retention in time, and do not compact it."""
    products_topic: Topic | None = None
    """The shop's products, compacted and keyed by their ids, which `penchant products follow` takes over."""
    cards_topic: Topic | None = None
    """What is known of products is sent there too (`penchant products run --publish` and `follow`): compacted, keyed by
    product, a tombstone when one is gone."""
    erasure_topic: Topic = "shopper-events.erasures"
    """Shoppers to forget, from `penchant forget`: compacted, keyed by shopper. Workers read it whole at their start."""
    commit_interval_s: Seconds = 1.0
    """Time between commits of what is covered."""
    session_timeout_s: SessionTimeout = 30.0
    """A worker that is silent for this long loses its partitions."""
    max_poll_records: Records = 1000
    """The most records that one fetch hands to the worker."""
    fetch_wait_s: FetchWait = 1.5
    """How long a broker may wait for the next record before it says that there is none. It delays nothing: a broker
    answers as soon as there is one. A small one is for a mock that does not."""
    sample_records: RecordsOrNone = 500
    """How many of the newest records a starting worker reads to see that they are keyed by shopper; 0 is no check."""
    security_protocol: Protocol = "PLAINTEXT"
    """How to talk to the brokers."""
    sasl_mechanism: Mechanism = "PLAIN"
    """How to log in; only for the SASL protocols."""
    sasl_username: Name | None = None
    """The user name; only for PLAIN and SCRAM."""
    sasl_password: SecretStr | None = None
    """The password; only for PLAIN and SCRAM. Better in the environment or a file."""
    sasl_password_file: File | None = None
    """A file that holds the password; it is read again when it has changed."""
    oauth: OAuth = OAuth()
    """Where tokens come from; only for OAUTHBEARER."""
    tls: Tls = Tls()
    """What is trusted and shown; only for the SSL protocols."""
    client_rack: Name | None = None
    """The rack or zone of this worker: it then fetches from the replica that is nearest, where the brokers choose by
    rack (replica.selector.class)."""

    _one_way = field_validator("sasl_password_file")(by_one_way)

    @field_validator("sasl_username", "sasl_password_file")
    @classmethod
    def needed_by_sasl(cls, value: object, info: ValidationInfo) -> object:
        """SASL without a name or password would only fail at the broker."""
        protocol, mechanism = info.data.get("security_protocol"), info.data.get("sasl_mechanism")
        if (value or info.data.get("sasl_password")) is None and _asks_for_password(protocol, mechanism):
            raise ValueError(f"needed because security_protocol is {protocol}")
        return value

    @field_validator("impressions_group")
    @classmethod
    def fits_impressions(cls, group: str | None, info: ValidationInfo) -> str | None:
        """There is one where there is a topic, and it is not the events' own: their members could not work together."""
        if info.data.get("impressions_topic") is not None and group in (None, info.data.get("group")):
            raise ValueError(f"kafka.impressions_topic is read in a group of its own: name one, not {group}")
        return group

    @field_validator("oauth")
    @classmethod
    def needed_by_oauthbearer(cls, oauth: OAuth, info: ValidationInfo) -> OAuth:
        """A login that cannot ask for a token would only fail at the broker."""
        if info.data.get("sasl_mechanism") == "OAUTHBEARER" and not oauth.complete:
            raise ValueError("OAUTHBEARER needs token_url, client_id and client_secret, or token_hook")
        return oauth

    @field_validator("start")
    @classmethod
    def is_a_start(cls, text: str) -> str:
        """A moment, but no offset, which would be the same one in every partition."""
        try:
            moment(text, 0)
        except SettingInvalid as exc:
            raise ValueError(f"must be one of {TIMES}") from exc
        if text.startswith("@"):
            raise ValueError("an offset is another record in each partition: write a time, or earliest or latest")
        return text

    @property
    def options(self) -> KafkaOptions:
        """How to connect, and what to read of transactions."""
        return KafkaOptions(
            bootstrap=self.bootstrap,
            security_protocol=self.security_protocol,
            sasl_mechanism=self.sasl_mechanism,
            sasl_username=self.sasl_username,
            sasl_password=self.sasl_password,
            sasl_password_file=self.sasl_password_file,
            oauth=self.oauth,
            tls=self.tls,
            client_rack=self.client_rack,
            isolation=self.isolation,
            fetch_wait_s=self.fetch_wait_s,
        )

    def consumer_group(self, folder: Path) -> KafkaGroup:
        """How the worker takes part in its consumer group; Faust makes its data folder in `folder`."""
        return KafkaGroup(
            options=self.options,
            group_id=self.group,
            folder=folder,
            instance_id=self.instance_id,
            commit_interval_s=self.commit_interval_s,
            session_timeout_s=self.session_timeout_s,
            batch_records=self.max_poll_records,
        )


def _asks_for_password(protocol: Protocol | None, mechanism: Mechanism | None) -> bool:
    return protocol in ("SASL_PLAINTEXT", "SASL_SSL") and mechanism != "OAUTHBEARER"
