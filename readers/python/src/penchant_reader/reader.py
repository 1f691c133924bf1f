"""The reader for threads."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from redis.connection import Connection, parse_url

from penchant_reader import arguments
from penchant_reader.cache import Cache
from penchant_reader.circuit import OPEN_FIRST_S, Circuits
from penchant_reader.deadline import bounded_pool, deadline
from penchant_reader.fields import ALL, HOT
from penchant_reader.freshness import Freshness
from penchant_reader.ids import Id
from penchant_reader.intent import ReadIntent
from penchant_reader.nodes import Node, Nodes
from penchant_reader.reading import Reading, query
from penchant_reader.slots import Address, seed


class IntentReader:
    """Reads intents; one for a process, shared by its threads. `with` closes it.

    `url` is Redis' (`redis://host:6379/0`, `rediss://` for TLS), of any of the nodes of a `cluster`; `namespace` as in
    the service's settings. `timeout_s` bounds a whole call, connecting included; only the resolving of a host name is
    the system's. Whatever Redis or the network does, a call returns: what could not be read is `missing` and `failed`,
    and counted in `failures`. A `strict` reader raises ReadFailed instead.

    A server that failed is not asked again for a moment, at most `circuit_s`; 0 asks it every time. Reads of more than
    50 shoppers do not hold up smaller ones. The last `cache_entries` intents are kept for `cache_s` after they were
    read; 0 of either keeps none. `freshness` is how old an intent may be before it is `stale`, by its source.
    """

    def __init__(
        self, url: str, *, timeout_s: float = 0.02, namespace: str = "penchant", strict: bool = False,
        cluster: bool = False, circuit_s: float = 2.0, cache_entries: int = 0, cache_s: float = 1.0,
        freshness: Freshness = Freshness(),  # noqa: B008 (immutable)
    ) -> None:  # fmt: skip
        timeout_s = arguments.timeout(timeout_s)
        options = arguments.options(url, parse_url, Connection, cluster=cluster)

        def node(**address: Any) -> Node:
            circuits = Circuits(max(OPEN_FIRST_S, timeout_s), circuit_s)
            return Node(bounded_pool({**options, **address}, timeout_s), circuits)

        def member(address: Address) -> Node:
            return node(host=address.host, port=address.port)

        self._servers = Nodes(seed(options), member) if cluster else node()
        self._timeout_s = timeout_s
        self._reading = Reading(namespace, Cache(cache_entries, cache_s), freshness, strict=strict)

    @property
    def failures(self) -> Counter[str]:
        """What was swallowed so far: how often, by the name of the error. A call counts each of its errors once."""
        return self._reading.failures

    def get(
        self, shopper: Id, *, fields: Iterable[str] | str = ALL, purpose: str = "", purpose_strict: bool = False
    ) -> ReadIntent:
        """One shopper's intent, the document included; all is as with `get_many`."""
        return self.get_many([shopper], fields=fields, purpose=purpose, purpose_strict=purpose_strict)[0]

    def get_many(
        self, shoppers: Iterable[Id], *, fields: Iterable[str] | str = HOT, purpose: str = "",
        purpose_strict: bool = False,
    ) -> list[ReadIntent]:  # fmt: skip
        """One intent for each id, in the order given, in one round trip; on a cluster, one to each node. What a writer
        of contract 1 or 2 wrote takes a second one, for those shoppers alone.

        What came within the timeout is returned, the rest is missing with the reason "timeout". `fields` may name the
        document (ALL, or "doc"); all hot fields are always read. With a `purpose`, whoever did not agree to it is
        missing with the reason "purpose"; so is, if `purpose_strict`, of whom the writer did not say.
        """
        with deadline(self._timeout_s):
            call = self._reading.begin(shoppers, query(fields, purpose, purpose_strict=purpose_strict))
            while call.asks:
                call.take(self._servers.ask(call.asks))
        return call.end()

    def close(self) -> None:
        """Close the connections."""
        self._servers.close()

    def __enter__(self) -> "IntentReader":  # noqa: PYI034 (typing.Self came with 3.11)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
