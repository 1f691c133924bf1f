"""Routing: shoppers move only when they must, and replicas get what their weights say."""

from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from clients.pools.routing import Ranking, affinity


@dataclass(frozen=True)
class Server:
    name: str
    weight: float = 1.0


def home(key: str, fleet: list[Server]) -> Server | None:
    return Ranking(fleet).home(key)


def order(key: str, fleet: list[Server]) -> list[Server]:
    return Ranking(fleet).order(key, len(fleet))


names = st.text(alphabet="abcdef0123456789.:/", min_size=1, max_size=12)
fleets = st.lists(
    st.builds(Server, names, st.floats(0.1, 10.0)), min_size=1, max_size=12, unique_by=lambda server: server.name
)
keys = st.lists(st.text(max_size=12), min_size=1, max_size=30)


@given(fleets, keys, st.data())
def test_who_loses_a_replica_goes_to_the_next_one_and_nobody_else_moves(
    fleet: list[Server], shoppers: list[str], data: st.DataObject
) -> None:
    """Without a replica, everybody's order is what it was, but for that one; backwards it is one added."""
    gone = data.draw(st.sampled_from(fleet))
    left = [server for server in fleet if server is not gone]
    for shopper in shoppers:
        before = order(shopper, fleet)
        assert order(shopper, left) == [server for server in before if server is not gone]
        assert before[0] is home(shopper, fleet)
        assert home(shopper, left) is (None if not left else before[0] if before[0] is not gone else before[1])


@given(fleets, keys, st.data(), st.floats(1.0, 10.0))
def test_a_heavier_replica_wins_shoppers_and_moves_nobody_else(
    fleet: list[Server], shoppers: list[str], data: st.DataObject, factor: float
) -> None:
    """Who moves after a weight was raised moves there; so lowering one moves only its own shoppers."""
    raised = data.draw(st.sampled_from(fleet))
    heavier = Server(raised.name, raised.weight * factor)
    after = [heavier if server is raised else server for server in fleet]
    for shopper in shoppers:
        old, new = home(shopper, fleet), home(shopper, after)
        assert new == heavier if old is raised else new in (old, heavier)


@given(fleets, keys, st.lists(st.floats(0.01, 1.0), max_size=5))
def test_keys_leave_the_last_replica_for_the_others_and_none_comes_back(
    fleet: list[Server], shoppers: list[str], shares: list[float]
) -> None:
    """The less it keeps the fewer it has, and nobody moves who was elsewhere."""
    before = {shopper: home(shopper, fleet) for shopper in shoppers}
    for share in sorted(shares, reverse=True):
        ranking = Ranking(fleet, last_share=share)
        after = {shopper: ranking.home(shopper) for shopper in shoppers}
        assert all(after[each] is before[each] for each in shoppers if before[each] is not fleet[-1])
        before = after
    left = {shopper: home(shopper, fleet[:-1]) for shopper in shoppers}
    assert all(left[each] is before[each] for each in shoppers if before[each] is not fleet[-1])


@given(st.randoms(use_true_random=False), fleets, keys)
def test_the_order_of_the_settings_does_not_matter(chance: object, fleet: list[Server], shoppers: list[str]) -> None:
    """Two workers agree, whoever lists the replicas how."""
    shuffled = list(fleet)
    chance.shuffle(shuffled)  # type: ignore[attr-defined] # Hypothesis gives a random.Random
    for shopper in shoppers:
        assert home(shopper, fleet) is home(shopper, shuffled)


def test_shares_are_as_the_weights() -> None:
    """Twice the weight, twice the shoppers; and the second choices are spread too."""
    fleet = [Server("a:1"), Server("b:1"), Server("c:1", 2.0), Server("d:1", 4.0)]
    keys = [affinity(f"shopper-{number}", "v1") for number in range(8_000)]
    ranking = Ranking(fleet)
    homes = Counter(ranking.order(key, 1)[0].name for key in keys)
    for server in fleet:
        assert abs(homes[server.name] / 8_000 - server.weight / 8) < 0.015
    leaving = Ranking(fleet, last_share=0.5)
    homes = Counter(found.name for key in keys if (found := leaving.home(key)))
    assert abs(homes["d:1"] / 8_000 - 2 / 6) < 0.015
    seconds = Counter(ranking.order(key, 2)[1].name for key in keys if ranking.home(key) is fleet[3])
    assert all(seconds[server.name] > 0.15 * sum(seconds.values()) for server in fleet[:3])


@given(st.integers(1, 300), keys, st.integers(1, 300))
def test_a_few_are_the_first_of_all(size: int, shoppers: list[str], most: int) -> None:
    """Whoever asks for less gets the beginning of the same order, without any replica twice."""
    ranking = Ranking([Server(f"10.0.0.{number}:8001", 1.0 + number % 2) for number in range(size)])
    for shopper in shoppers:
        whole = ranking.order(shopper, size)
        assert sorted(each.name for each in whole) == sorted(each.name for each in ranking)
        assert ranking.order(shopper, most) == whole[:most]


def test_a_thousand_replicas_get_the_same_share() -> None:
    """Each about sixty-four of as many times shoppers: the spread is that of chance, and no pair of names is alike."""
    ranking = Ranking([Server(f"10.0.{number // 250}.{number % 250}:8001") for number in range(1_000)])
    homes = Counter(ranking.order(affinity(f"shopper-{number}", "v1"), 1)[0].name for number in range(64_000))
    variance = sum((homes[each.name] - 64) ** 2 for each in ranking) / 1_000
    assert 0.8 * 64 < variance < 1.25 * 64
    assert min(homes[each.name] for each in ranking) > 30


def test_another_prompt_version_is_another_key() -> None:
    """Its prompts share no KV blocks with the earlier one's; and no shopper's name can look like another's key."""
    fleet = [Server(f"{number}:1") for number in range(4)]
    home = Ranking(fleet).home
    moved = sum(home(affinity(f"s{n}", "v1")) is not home(affinity(f"s{n}", "v2")) for n in range(1_000))
    assert 650 < moved < 850
    assert affinity("ada", "v1") != affinity("v1", "ada")
