"""Match parts: what twenty candidates cost a core, in a ranker's own process and in the service.

    python -m benchmarks.match_parts
    mvn -q -f readers/java test -Dtest=FitCost      # the same as the first, in Java

CPU time, the best of some rounds, so that a busy machine says about the same. The intent is that of
readers/fixtures/fits.json; the session has sixty events of a simulated shopper, and the candidates are of their shop.
"""

import json
import time
from collections.abc import Callable
from itertools import islice

from msgspec import structs
from penchant_reader import Candidate, in_order
from penchant_reader.decoding import decode
from penchant_reader.fields import ALL
from penchant_reader.intent import ignore

from agents.match.ranking import Shopper, ranking
from benchmarks.prompts import windows
from penchant.offline.facts import ROOT
from prompts.rules import rules
from prompts.view import PromptView
from sandbox.shop.catalogue import Catalogue
from streams.events.event import Item
from streams.records.cards import Card
from streams.records.intents import Intent, Window

CANDIDATES = 20
ROUNDS, TIMES = 8, 500


def reader_order() -> Callable[[], object]:
    """An intent's hash decoded, and twenty candidates put in order by the Python reader."""
    case = json.loads((ROOT / "readers" / "fixtures" / "fits.json").read_text("utf-8"))["cases"][0]
    values = [case["fields"][name].encode() if name in case["fields"] else None for name in ALL]
    candidates = [Candidate(item.id, item.category or "", item.brand or "", item.price) for item in _items()]

    def once() -> object:
        intent = decode("ada", values, case["read_at_ms"], ignore)
        return in_order(intent, candidates, candidates[0], "intent")

    return once


def service_ranking() -> Callable[[], object]:
    """Twenty candidates put in order with reasons, as POST /v1/match does between Redis and the answer."""
    [session] = windows(1)
    view = PromptView.of(session)
    window = Window(from_ms=0, to_ms=0, events=0)
    said = structs.asdict(rules(view))
    intent = Intent(**said, shopper="ada", window=window, as_of_ms=0, written_at_ms=0, source="rules", position="0:0:0")
    cards = {
        item.id: Card(category=item.category, brand=item.brand, price=item.price, currency=item.currency)
        for item in _items()
    }
    return lambda: ranking(Shopper(intent, view), list(cards), cards, "last")


def cpu_ms(once: Callable[[], object], rounds: int = ROUNDS, times: int = TIMES) -> float:
    """Milliseconds of CPU that it takes, by the best round."""
    best_s = float("inf")
    for _ in range(rounds):
        began_s = time.process_time()
        for _ in range(times):
            once()
        best_s = min(best_s, time.process_time() - began_s)
    return round(best_s / times * 1e3, 3)


def _items() -> list[Item]:
    return list(islice(Catalogue().items, CANDIDATES))


if __name__ == "__main__":
    report = {"reader_order_ms": cpu_ms(reader_order()), "service_ranking_ms": cpu_ms(service_ranking())}
    print(json.dumps({"bench": "match_parts", "candidates": CANDIDATES, **report}))
