"""Routing: which node of a cluster is asked for what, and what its replies say about that. No I/O here."""

from collections.abc import Mapping, Sequence
from typing import Any

from redis.exceptions import AskError, ResponseError

from penchant_reader.circuit import CircuitOpen
from penchant_reader.reading import Ask, command
from penchant_reader.slots import Address, Slots

Shares = Mapping[Address, Sequence[int]]
"""Places in a list of commands, by the node that is asked."""

CLUSTER_SLOTS = command("CLUSTER", "SLOTS")
ASKING = command("ASKING")


class Routing:
    """The map that is believed in, until a reply tells that it is out of date. `seed` is the node of the URL."""

    def __init__(self, seed: Address) -> None:
        self._seed = seed
        self.slots: Slots | None = None
        self._known = [seed]

    def learn(self, reply: Sequence[Any], by: Address) -> Slots:
        """Believe in what a node replied to CLUSTER SLOTS."""
        self.slots = slots = Slots(reply, by)
        self._known = list(dict.fromkeys([*slots.nodes(), self._seed]))
        return slots

    def known(self) -> Sequence[Address]:
        """Whom to ask for the map, one after the other."""
        return self._known

    def shares(self, slots: Slots, asks: Sequence[Ask], replies: list[Any]) -> Shares:
        """Who is asked for what. What nobody has is replied to at once."""
        shares: dict[Address, list[int]] = {}
        for at, ask in enumerate(asks):
            node = slots.node(ask.key)
            if node is None:
                self.slots = None
                replies[at] = ResponseError("no node has the slot of the key")
            else:
                shares.setdefault(node, []).append(at)
        return shares

    def redirected(self, replies: Sequence[Any]) -> Shares:
        """Who is to be asked instead, ASKING first. The next call asks for the map where it is out of date."""
        shares: dict[Address, list[int]] = {}
        for at, reply in enumerate(replies):
            if isinstance(reply, AskError):  # MovedError is one
                address = Address(reply.host or self._seed.host, reply.port)
                shares.setdefault(address, []).append(at)
            if isinstance(reply, Exception) and not isinstance(reply, CircuitOpen):
                self.slots = None
        return shares


def asking(ask: Ask) -> Ask:
    """The same command, for a node that has the key only for those who say ASKING first."""
    return ask._replace(packed=ASKING + ask.packed)
