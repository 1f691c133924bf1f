"""Routing: the map of a cluster, and what the replies say about it."""

from redis.crc import key_slot
from redis.exceptions import AskError, MovedError
from redis.exceptions import ConnectionError as RedisAway

from penchant_reader.circuit import CircuitOpen
from penchant_reader.reading import Ask
from penchant_reader.routing import Routing
from penchant_reader.slots import Address, Slots

SEED = Address("seed", 7000)
LOW, HIGH = Address("low", 7001), Address("high", 7002)
REPLY = [[8192, 16383, [b"high", 7002, b"id"]], [0, 8191, [b"low", 7001, b"id"], [b"replica", 7003, b"id"]]]


def asks(*shoppers: str) -> list[Ask]:
    """Commands about shoppers."""
    return [Ask(f"penchant:{{{shopper}}}:intent".encode(), b"") for shopper in shoppers]


def test_keys_go_to_the_primary_that_has_their_slot() -> None:
    """By the slot of what stands in the braces."""
    slots = Slots(REPLY, SEED)
    for shopper in ("ada", "bob", "cyd", "dan"):
        assert slots.node(asks(shopper)[0].key) == (LOW if key_slot(shopper.encode()) < 8192 else HIGH)
    assert slots.nodes() == [LOW, HIGH]


def test_a_node_without_a_host_is_who_was_asked() -> None:
    """A node that does not know its own address leaves it out."""
    assert Slots([[0, 16383, [None, 7001]]], SEED).nodes() == [Address("seed", 7001)]
    assert Slots([[0, 16383, [b"", 7001]]], SEED).nodes() == [Address("seed", 7001)]


def test_a_slot_that_nobody_has_is_told() -> None:
    """A cluster with a hole: those shoppers fail, the others are read, and the map is asked for again."""
    routing = Routing(SEED)
    slots = routing.learn(REPLY[1:], SEED)
    names = ["ada", "bob", "cyd", "dan"]
    replies: list[object] = [None] * 4
    shares = routing.shares(slots, asks(*names), replies)
    low = [at for at, name in enumerate(names) if key_slot(name.encode()) < 8192]
    assert dict(shares) == {LOW: low}
    assert [reply is None for reply in replies] == [at in low for at in range(4)]
    assert 0 < len(low) < 4
    assert routing.slots is None


def test_redirections_name_whom_to_ask() -> None:
    """MOVED and ASK alike; both put the map in doubt."""
    routing = Routing(SEED)
    routing.learn(REPLY, SEED)
    assert routing.redirected([None, MovedError("1 other:7009"), AskError("2 :7010")]) == {
        Address("other", 7009): [1],
        Address("seed", 7010): [2],
    }
    assert routing.slots is None


def test_only_news_put_the_map_in_doubt() -> None:
    """A failure does: the node may have been replaced. That it is not asked yet does not."""
    routing = Routing(SEED)
    slots = routing.learn(REPLY, SEED)
    assert routing.redirected([None, CircuitOpen()]) == {}
    assert routing.slots is slots
    assert routing.redirected([RedisAway()]) == {}
    assert routing.slots is None
    assert routing.known() == [LOW, HIGH, SEED]
