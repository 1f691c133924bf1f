"""The example of a ranker: its requests know nothing of the future, and its figures are what they are called."""

import math
from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks import ranker
from benchmarks.ranking_requests import NEGATIVES, RULES, STALE_BY, Request, requests
from streams.events.event import Item, ShopperEvent

MINUTE_MS = 60_000
ITEMS = [
    Item(f"p{n}", category=f"home/shelf-{n % 9}", brand=f"brand-{n % 7}", price=float(10 + n % 40)) for n in range(400)
]


def recording(shoppers: int = 60, looks: int = 9) -> list[ShopperEvent]:
    """Shoppers who look at one shelf after the other, each keeping to a brand or two."""
    random, events = Random(3), []
    for who in range(shoppers):
        began_ms = random.randrange(10_000) * 1_000
        for step in range(looks):
            item = random.choice([each for each in ITEMS if each.category == f"home/shelf-{(who + step // 4) % 9}"])
            time_ms = began_ms + step * MINUTE_MS
            events.append(ShopperEvent(f"e{who}-{step}", f"s{who}", "view", time_ms, (item,)))
    return events


@pytest.fixture(scope="module")
def made() -> Sequence[Request]:
    """The requests of a recording."""
    return list(requests(recording()))


def test_a_request_knows_nothing_of_what_comes_after_it(made: Sequence[Request]) -> None:
    """No intent includes an event of its moment or later, nor was any written later; ages run to the request."""
    assert len(made) > 100
    for request in made:
        assert all(intent.as_of_ms < request.time_ms for intent in request.intents)
        assert all(intent.written_at_ms < request.time_ms for intent in request.intents)
        assert {intent.read_at_ms for intent in request.intents} == {request.time_ms}
        assert all(one.as_of_ms <= other.as_of_ms for one, other in pairwise(request.intents))
        assert all(request.time_ms - intent.as_of_ms <= looked_back(request) for intent in request.intents)


def looked_back(request: Request) -> int:
    """How far back the events of a session can lie that are still in its intents."""
    return (len(request.intents) + 1) * round(RULES.gap_s * 1e3)


def test_what_is_cut_off_changes_nothing_before_it(made: Sequence[Request]) -> None:
    """The same requests come out of a recording that ends in the middle, with other negatives."""
    log = sorted(recording(), key=lambda event: event.time_ms)
    whole = {(request.session, request.time_ms): request for request in made}
    cut = [request for request in requests(log[: len(log) // 2]) if (request.session, request.time_ms) in whole]
    assert len(cut) > 20
    for part in cut:
        same = whole[part.session, part.time_ms]
        assert (part.candidates[0], part.counts[0], part.last) == (same.candidates[0], same.counts[0], same.last)
        assert [(each.position, each.doc) for each in part.intents] == [
            (each.position, each.doc) for each in same.intents
        ]


def test_the_others_are_as_popular_and_new_to_the_session(made: Sequence[Request]) -> None:
    """Between the same powers of two, all different; the item that was looked at last is not among them."""
    for request in made:
        names = [candidate.item for candidate in request.candidates]
        assert len(set(names)) == len(names) == NEGATIVES + 1
        assert len({count.bit_length() for count in request.counts}) == 1
        assert request.last.item not in names


def test_a_stale_intent_lacks_the_latest_events(made: Sequence[Request]) -> None:
    """And a missing one is missing; a session that is too short has no stale one."""
    for request in made:
        fresh, stale, missing = (request.intent(state) for state in ranker.STATES)
        assert fresh is request.intents[-1]
        assert missing
        assert missing.missing
        assert (stale is None) is (len(request.intents) <= STALE_BY)
        assert stale is None or stale.as_of_ms < request.intents[-1].as_of_ms


def test_intents_of_rules_that_learned_are_made_of_the_same_requests(made: Sequence[Request]) -> None:
    """What those before a shopper taught changes intents, and no candidate."""
    learned = list(requests(recording(), learned=True))
    assert [each.candidates for each in learned] == [each.candidates for each in made]
    assert [each.time_ms for each in learned] == [each.time_ms for each in made]


def test_the_same_recording_gives_the_same_requests(made: Sequence[Request]) -> None:
    """With the same candidates in the same order."""
    assert list(requests(recording())) == list(made)


def test_ranks_and_gains() -> None:
    """Among equals the middle; one right answer."""
    assert ranker.rank_of_first(np.array([3.0, 1.0, 2.0])) == 1
    assert ranker.rank_of_first(np.array([1.0, 1.0, 2.0, 1.0])) == 3
    assert ranker.ndcg_at_10(1) == 1
    assert ranker.ndcg_at_10(3) == 1 / math.log2(4)
    assert ranker.ndcg_at_10(11) == 0


def test_intervals_are_by_session() -> None:
    """A gain that one session alone has does not stand for all; one that all have does."""
    low, high = ranker.bootstrap(np.array([1.0] * 50 + [0.0] * 5), ["one"] * 50 + list("abcde"))
    assert low == 0
    assert high > 0.9
    assert ranker.bootstrap(np.ones(20), list("abcdefghij") * 2) == [1, 1]


def test_every_state_is_judged_apart(made: Sequence[Request]) -> None:
    """With a model that adds up what it sees of brands and categories: it gains by intents, and nothing without."""
    wide = [len(row(made[0], 0, made[0].intents[-1])) for row in ranker.RANKERS.values()]

    def train(rows: NDArray[Any], labels: NDArray[Any], groups: Sequence[int]) -> ranker.Model:
        assert len(rows) == len(labels) == sum(groups)
        assert labels.sum() == len(groups)
        return lambda rows: rows[:, 2:].sum(axis=1)

    found = ranker.evaluate(made, train)
    judged = {(each["state"], each["part"]): each for each in found["judged"]}
    assert set(judged) == {(state, part) for state in ranker.STATES for part in ranker.PARTS}
    assert judged["fresh", "all"]["gains"]["item + intent"]["ndcg_10"] > 0.1
    assert judged["missing", "all"]["gains"]["item + intent"]["ndcg_10"] == 0
    assert found["requests"]["judged_on"] == judged["fresh", "all"]["requests"] > 0
    assert wide[1] - wide[0] == wide[3] - wide[2] == 14
    assert len(ranker.table(found)) == 2 + len(judged) * len(ranker.RANKERS)
