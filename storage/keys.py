"""The names of Penchant's keys in Redis; docs/redis-contract.md promises them to others."""

import re
from dataclasses import dataclass

from streams.errors import SettingInvalid

NAMESPACE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


@dataclass(frozen=True, slots=True)
class Keys:
    """Key names under one namespace.

    A key of a shopper has exactly one brace pair, around the shopper: Redis Cluster hashes what stands between the
    first pair, so that all keys of a shopper lie in one slot and one script may write them.

    A namespace that a replay fills has no erasures of its own: those of the `live` one count there too.
    """

    namespace: str = "penchant"
    live: str | None = None

    def __post_init__(self) -> None:
        for name in (self.namespace, self.live):
            if name is not None and not NAMESPACE.fullmatch(name):
                raise SettingInvalid(
                    f"the Redis namespace is {name!r}", "use 1 to 64 letters, digits, or any of _ . : -"
                )

    def of(self, namespace: str) -> "Keys":
        """Those of another namespace, where the erasures of this one count."""
        return self if namespace == self.namespace else Keys(namespace, self.live or self.namespace)

    def intent(self, shopper: str) -> str:
        """Hash that rankers read."""
        return f"{self.namespace}:{{{shopper}}}:intent"

    def context(self, shopper: str) -> str:
        """Hash with the session that the intent was made from."""
        return f"{self.namespace}:{{{shopper}}}:context"

    def answers(self, shopper: str) -> str:
        """Sorted set of the last answers of models that are kept."""
        return f"{self.namespace}:{{{shopper}}}:answers"

    def erasure(self, shopper: str) -> str:
        """Hash of the shopper's last erasure: its number, and the offsets below which nothing counts."""
        return f"{self.live or self.namespace}:{{{shopper}}}:erasure"

    def knowledge(self, product: str) -> str:
        """String with what the shop says of a product, in one line. Others write it."""
        return f"{self.namespace}:{{{product}}}:knowledge"

    def card(self, product: str) -> str:
        """String with the product as a match knows it, as JSON."""
        return f"{self.namespace}:{{{product}}}:card"

    def owed(self, partition: int) -> str:
        """Set of the partition's shoppers who are owed a call though their events are covered."""
        return f"{self.namespace}:owed:{{{partition}}}"

    @property
    def control(self) -> str:
        """Hash that steers a fleet of workers."""
        return f"{self.namespace}:control"

    def worker(self, name: str) -> str:
        """String with a worker's last heartbeat, there while it is."""
        return f"{self.namespace}:worker:{name}"

    def instance(self, group: str, name: str) -> str:
        """String: the worker that has a name of its own in a consumer group (kafka.instance_id)."""
        return f"{self.namespace}:instance:{group}:{name}"

    def refused(self, group: str, name: str) -> str:
        """String: the worker that was refused that name last."""
        return f"{self.namespace}:instance:{group}:{name}:refused"

    def probe(self, replica: str) -> str:
        """String: what a worker's probe of a replica found last."""
        return f"{self.namespace}:probe:{replica}"

    def probing(self, replica: str) -> str:
        """String, there while nobody is to probe the replica again."""
        return f"{self.namespace}:probe:{replica}:asked"

    @property
    def workers(self) -> str:
        """Sorted set of the workers that were heard of lately, by the store's time in epoch milliseconds."""
        return f"{self.namespace}:workers"

    @property
    def activity(self) -> str:
        """Stream of who decided what for the fleet. It lies in the slot of the control hash, so that a script can write
        both."""
        return f"{self.namespace}:{{{self.control}}}:activity"

    @property
    def jobs(self) -> str:
        """Hash of jobs, their progress and runners, and what teams have spent. It lies in the slot of the control hash,
        too."""
        return f"{self.namespace}:{{{self.control}}}:jobs"

    @property
    def demand(self) -> str:
        """Hash: how many calls all workers made in each five minutes of the last fortnight."""
        return f"{self.namespace}:demand"

    @property
    def replay(self) -> str:
        """Hash: how far a replay into this namespace has come."""
        return f"{self.namespace}:replay"

    def erasures(self, tag: str) -> str:
        """Hash: up to where the erasure topic was taken over by the node that has the tag's slot."""
        return f"{self.live or self.namespace}:erasures:{{{tag}}}"

    @property
    def places(self) -> str:
        """Hash of the namespaces and topics that ever held something of shoppers."""
        return f"{self.live or self.namespace}:places"

    def forgetting(self, request: str) -> str:
        """Hash: how far an erasure of many shoppers has come."""
        return f"{self.live or self.namespace}:forgetting:{request}"

    def lessons(self, partition: int) -> str:
        """Hash with what a partition's shoppers taught, and the offset that it covers."""
        return f"{self.live or self.namespace}:learned:{{{partition}}}"

    @property
    def totals(self) -> str:
        """String with what all of them taught on the days that are closed."""
        return f"{self.live or self.namespace}:learned:totals"

    @property
    def learned(self) -> str:
        """String with the name of the snapshot that rules use now."""
        return f"{self.live or self.namespace}:learned"

    def snapshot(self, name: str) -> str:
        """String with a snapshot, which never changes."""
        return f"{self.live or self.namespace}:learned:snapshot:{name}"

    @property
    def shelf(self) -> str:
        """Sorted set of the categories of the shop's products, by when a card of one was written last."""
        return f"{self.live or self.namespace}:categories"

    @property
    def nonce(self) -> str:
        """String that is lost when the data is lost."""
        return f"{self.namespace}:nonce"

    @property
    def lineage(self) -> str:
        """Hash that says which log the contexts belong to."""
        return f"{self.namespace}:lineage"

    def ends(self, lineage: int) -> str:
        """Hash with the highest offset seen of each partition of that log."""
        return f"{self.namespace}:lineage:{lineage}:ends"
