"""The stack as a guarded estate: TLS everywhere, a login and no more rights than needed for each role."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from confluent_kafka.admin import AclOperation as Op
from confluent_kafka.admin import ResourceType as Kind

from sandbox.servers import secured_kafka, secured_redis, secured_triton
from sandbox.servers.authority import Authority
from sandbox.servers.secured_kafka import Rights, SecuredKafka
from sandbox.servers.secured_redis import RANKER, SecuredRedis
from sandbox.servers.secured_triton import SecuredTriton
from sandbox.servers.server import LOOPBACK
from sandbox.servers.stack import Role, Sections, Stack

GUARDED = (
    "guarded: Kafka (SCRAM over TLS, ACLs), Redis (certificates, ACL users), Triton's gRPC (certificates, a key)",
    "open on this machine: Kafka's other listeners (who calls there may do all), Triton's metrics, console, /health",
    "the passwords are the same at each start, and lie in the run folder with the keys: a demonstration, no estate",
)
"""What people are told: what is guarded, and what is not."""

READ, WRITE = (Op.READ, Op.DESCRIBE), (Op.WRITE, Op.DESCRIBE)
USERS: Mapping[Role, str] = {"worker": secured_kafka.USER, "shop": "shop", "operator": "operator"}


class SecuredStack(Stack):
    """Apache Kafka, Redis and Triton whose certificates are made here, in `<run folder>/authority`.

    `topics` are those of the worker's events, dead letters and erasures, in this order, with their partitions; `group`
    is the worker's. The secrets lie there as files, which the settings name. PlatformLacks without Java, Maven, openssl
    or a redis-server with TLS.
    """

    def __init__(self, run_folder: Path, *, topics: Mapping[str, int], group: str, model: bool = True) -> None:
        self._group = group
        self._secrets = (run_folder / "authority").resolve()
        self._authority = Authority(self._secrets)
        self._ours = self._authority.issue(secured_redis.USER)
        super().__init__(run_folder, topics=topics, model=model)
        self.notes += GUARDED

    def sections(self, role: Role = "worker") -> Sections:
        """The settings by which somebody of this role logs in, with the rights of docs/security.md."""
        tls = {"ca_file": str(self._authority.ca), "cert_file": str(self._ours.cert), "key_file": str(self._ours.key)}
        kafka = {
            "bootstrap": self._kafka.sasl_address,
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_username": USERS[role],
            "sasl_password_file": self._secret("kafka", secured_kafka.PASSWORD),
            "tls": {"ca_file": str(self._authority.ca)},
        }
        redis = {
            "url": self.redis.url,
            "username": secured_redis.USER,
            "password_file": self._secret("redis", secured_redis.PASSWORD),
            "tls": tls,
        }
        return {"kafka": kafka, "redis": redis, **self._model_section(tls)}

    @property
    def reader_url(self) -> str:
        """The ranker's: it may read intents, and nothing else."""
        tls = {"ssl_ca_certs": self._authority.ca, "ssl_certfile": self._ours.cert, "ssl_keyfile": self._ours.key}
        return f"rediss://{RANKER}:{secured_redis.PASSWORD}@{LOOPBACK}:{self.redis.ports[0]}/0?{urlencode(tls)}"

    def _make_stores(self) -> tuple[SecuredKafka, SecuredRedis]:
        self._kafka = SecuredKafka(self._run_folder, self._authority)
        return self._kafka, SecuredRedis(self._run_folder, self._authority)

    def _make_triton(self) -> SecuredTriton:
        return SecuredTriton(self._run_folder, self._authority, timing=self._timing, answer=self._answer)

    def _model_section(self, tls: Mapping[str, str]) -> Sections:
        if not isinstance(self.triton, SecuredTriton):
            return {}
        key = {"api_key_file": self._secret("triton", secured_triton.KEY), "api_key_header": secured_triton.GRPC_HEADER}
        return {"model": {"url": self.triton.grpc_url, **key, "tls": dict(tls)}}

    def _secret(self, name: str, value: str) -> str:
        """The file that holds it, for nobody but us."""
        path = self._secrets / f"{name}.secret"
        new = path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(value)
        new.replace(path)  # at once: somebody may be reading it
        return str(path)

    async def _start(self) -> None:
        await super()._start()
        await asyncio.to_thread(self._let_in)

    def _let_in(self) -> None:
        """Make the topics and the users, and give each user the rights of docs/security.md."""
        for topic, partitions in self._topics.items():
            self._kafka.make_topics(topic, partitions=partitions)
        for role, user in USERS.items():
            self._kafka.set_scram_password(secured_kafka.PASSWORD, user)
            self._kafka.grant(self._rights(role), user)

    def _rights(self, role: Role) -> Rights:
        """On the three topics and the group."""
        events, dead, erasures = ((Kind.TOPIC, topic) for topic in self._topics)
        group = (Kind.GROUP, self._group)
        match role:
            case "shop":
                return {events: WRITE}
            case "worker":
                return {events: READ, dead: WRITE, erasures: READ, group: READ}
            case "operator":
                return {events: (*READ, Op.WRITE), dead: (*READ, Op.WRITE), erasures: (*READ, Op.WRITE), group: READ}
