"""Planting: personal data of every kind in the place of every value of records in every dialect."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from streams.events.dialects import DialectName

FIXTURES = Path(__file__).parents[1] / "streams" / "fixtures"

KINDS = {
    "email": "ada.lovelace@secret.example",
    "phone": "+47 912 34 567",
    "iban": "DE89 3704 0044 0532 0130 00",
    "ipv4": "198.51.100.23",
    "ipv6": "2001:db8::8a2e:370:7334",
    "card": "4111 1111 1111 1111",
    "number": "1234567890",
}
DIGITS = frozenset({"card", "number"})
"""Kinds that are nothing but digits. An id may be nothing but digits too, so there they are left alone."""

IDS = frozenset({
    "event_id", "id", "product_id", "sku", "item_id", "messageId", "userId", "anonymousId", "user_id", "client_id",
    "user_pseudo_id", "domain_userid", "network_userid",
})  # fmt: skip

BEGAN_MS = 1_714_557_600_250


@dataclass(frozen=True)
class Planted:
    """A record with something personal in one place. `where` names both."""

    where: str
    dialect: DialectName
    value: bytes
    headers: tuple[tuple[str, bytes | None], ...] = ()


NATIVE = {
    "event_id": "e-1",
    "shopper_id": "",
    "action": "purchase",
    "time_ms": BEGAN_MS,
    "items": [{"id": "p-1", "title": "Kettle", "category": "home/kitchen", "brand": "Acme", "price": 30.0,
               "currency": "EUR", "quantity": 2}],
    "query": "kettle",
    "session_id": "s-1",
    "order_id": "o-1",
    "email": "someone",
}  # fmt: skip
SEARCH = {"event_id": "e-1", "shopper_id": "", "action": "search", "time_ms": BEGAN_MS, "query": "kettle"}
ENVELOPE = {"specversion": "1.0", "type": "t", "source": "/shop", "id": "17", "subject": "s", "time": None}
ROW = "2019-10-01 00:00:00 UTC,cart,44600062,2103807459595387724,electronics.phone,acme,35.79,shopper,session-1"

WHO = {
    "native": ("shopper_id",),
    "segment": ("userId", "anonymousId"),
    "ga4": ("client_id", "user_pseudo_id"),
    "snowplow": ("domain_userid",),
}
"""Where a record says who the shopper is."""


def planted(name: str) -> Iterator[Planted]:
    """Every record of a dialect, with every kind of personal data in every place."""
    if name == "rees46":
        yield from _rows()
    elif name == "cloudevents":
        yield from _enveloped()
    else:
        for number, record in enumerate(records(name)):
            for where, changed in everywhere(record):
                value = orjson.dumps(own(changed, name, f"{number}-{where}"))
                yield Planted(f"{name} {number} {where}", "auto" if number % 2 else spoken(name), value)


def spoken(name: str) -> DialectName:
    """The dialect of records of that name."""
    return "native" if name == "native" else "segment" if name == "segment" else _other(name)


def _other(name: str) -> DialectName:
    return "ga4" if name == "ga4" else "snowplow"


def records(name: str) -> Sequence[dict[str, Any]]:
    """Those that say most."""
    if name == "native":
        return [NATIVE, SEARCH]
    wanted = {"Order Completed", "Product Added", "Products Searched", "purchase", "purchase, exported", "search",
              "search, exported", "transaction", "site_search"}  # fmt: skip
    lines = map(orjson.loads, (FIXTURES / f"{name}.jsonl").read_bytes().splitlines())
    return [line["record"] for line in lines if line["name"] in wanted]


def everywhere(record: dict[str, Any], kinds: Mapping[str, str] = KINDS) -> Iterator[tuple[str, dict[str, Any]]]:
    """The record with each kind in each of its places, all kinds there, and all of them behind what stood there."""
    every = " and ".join(kinds.values())
    for path in list(_leaves(record)):
        for kind, text in (*kinds.items(), ("all", every), ("glued", "")):
            if path[-1] in IDS and (kind in DIGITS or kind in ("all", "glued")):
                continue
            if path[-1] == "time_ms" and kind == "number":
                continue  # that is a time, in 1970
            changed = copy.deepcopy(record)
            place = changed
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = text or f"{place[path[-1]]}: {every}, please"
            yield f"{'.'.join(map(str, path))} {kind}", changed


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for step, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(child, (*path, step))
    elif path != ("shopper_id",):
        yield path


def own(record: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    """A shopper for each record, so that nothing leaves a window before it is looked at."""
    for key in WHO[name]:
        if key in record and not any(text == record[key] for text in KINDS.values()):
            record[key] = "s-" + "".join(letter for letter in f"{name}{where}" if letter.isalnum())
    users = record.get("contexts_com_snowplowanalytics_snowplow_ecommerce_user_1")
    if users and not any(text == users[0]["id"] for text in KINDS.values()):
        users[0]["id"] = record["domain_userid"]
    return record


def _enveloped() -> Iterator[Planted]:
    for number, (where, changed) in enumerate(everywhere(ENVELOPE)):
        data = orjson.dumps({**SEARCH, "shopper_id": f"s-enveloped-{number}"})
        value = orjson.dumps(changed | {"data": orjson.Fragment(data)})
        yield Planted(f"cloudevents structured {where}", "cloudevents", value)
        headers = tuple((f"ce_{key}", str(text).encode()) for key, text in changed.items() if text is not None)
        yield Planted(f"cloudevents binary {where}", "auto", data, headers)


def _rows() -> Iterator[Planted]:
    columns = ROW.split(",")
    for place in range(len(columns)):
        for kind, text in KINDS.items():
            if place in (2, 7) and kind in DIGITS:
                continue  # product and shopper: plain numbers
            if place == 7:
                continue  # the shopper's id is as it is in native events
            row = [*columns[:place], text, *columns[place + 1 :]]
            row[7] = f"s-rees46-{place}-{kind}"
            yield Planted(f"rees46 {place} {kind}", "rees46", ",".join(row).encode())
