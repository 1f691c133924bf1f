"""Sensitive planting: what nobody is to be judged by, in the place of every text of records in every dialect."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson

from tests.privacy.planting import ENVELOPE, IDS, ROW, Planted, everywhere, own, records, spoken

SENSITIVE = {
    "a": "Clearblue Pregnancy-Tests",
    "b": "HIV home test",
    "c": "Durex condoms",
    "d": "The Holy Bible",
    "e": "nicotine patches",
    "f": "Debt relief",
    "g": "trade-union",
    "h": "Communist Manifesto",
    "i": "DNA ancestry",
}
"""One of each topic, by a name that says nothing."""

KEPT_APART = IDS | {"session_id", "order_id", "transaction_id", "orderId", "domain_sessionid"}
"""Ids, which are no texts: those of sessions and orders are kept nowhere."""


def sensitive(name: str) -> Iterator[Planted]:
    """Every record of a dialect, with every topic in every text."""
    if name == "rees46":
        yield from _rows()
    elif name == "cloudevents":
        for bare in sensitive("native"):
            value = orjson.dumps(ENVELOPE | {"data": orjson.Fragment(bare.value)})
            yield replace(bare, dialect="cloudevents", value=value)
    else:
        for number, record in enumerate(records(name)):
            for where, changed in everywhere(record, SENSITIVE):
                if not _is_apart(where, changed):
                    value = orjson.dumps(own(changed, name, f"{number}-{where}"))
                    yield Planted(f"{name} {number} {where}", "auto" if number % 2 else spoken(name), value)


def _is_apart(where: str, changed: dict[str, Any]) -> bool:
    """Whether what is planted stands where an id does; in GA4's export the parameter's name tells."""
    path = where.split(" ", maxsplit=1)[0].split(".")
    if path[0] == "event_params":
        return changed["event_params"][int(path[1])].get("key") == "ga_session_id" or path[2] == "key"
    return not KEPT_APART.isdisjoint(path)


def _rows() -> Iterator[Planted]:
    columns = ROW.split(",")
    for place in (4, 5):  # category and brand: the others are ids and figures
        for kind, text in SENSITIVE.items():
            row = [*columns[:place], text, *columns[place + 1 :]]
            row[7] = f"s-rees46-{place}-{kind}"
            yield Planted(f"rees46 {place} {kind}", "rees46", ",".join(row).encode())
