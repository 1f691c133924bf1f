"""Dialect records: shopper events in other dialects, with as much around them as their libraries send."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from streams.events.decoding import encode
from streams.events.dialects import DialectName
from streams.events.event import Item, ShopperEvent

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
PAGE = {
    "path": "/kitchen/kettles",
    "referrer": "https://shop.example/kitchen",
    "search": "?page=2",
    "title": "Kettles",
    "url": "https://shop.example/kitchen/kettles?page=2",
}
CONTEXT = {
    "ip": "203.0.113.7",
    "library": {"name": "analytics.js", "version": "next-1.70.0"},
    "locale": "en-GB",
    "page": PAGE,
    "timezone": "Europe/London",
    "userAgent": BROWSER,
    "userAgentData": {"brands": [{"brand": "Chromium", "version": "126"}], "mobile": False, "platform": "Linux"},
}
NAMES: Mapping[str, tuple[str, str, str]] = {
    "view": ("Product Viewed", "view_item", "product_view"),
    "click": ("Product Clicked", "select_item", "list_click"),
    "cart_add": ("Product Added", "add_to_cart", "add_to_cart"),
    "purchase": ("Order Completed", "purchase", "transaction"),
}
"""What the same action is called by Segment, GA4 and Snowplow."""

ACTION = "unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1"
PRODUCT = "contexts_com_snowplowanalytics_snowplow_ecommerce_product_1"


class Sent(NamedTuple):
    """A Kafka record."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


class Telling(NamedTuple):
    """A dialect, as it is set, and how an event is told in it."""

    dialect: DialectName
    tell: Callable[[int, ShopperEvent], Sent]


def segment(event: ShopperEvent) -> dict[str, Any]:
    """A call of Segment's or RudderStack's library in a browser."""
    at = _iso(event.time_ms)
    (item,) = event.items
    product: dict[str, object] = {"product_id": item.id, "sku": item.id, "name": item.title, "category": item.category}
    product |= {"brand": item.brand, "price": item.price, "quantity": item.quantity, "position": 3, "coupon": "SPRING"}
    product |= {"url": PAGE["url"], "image_url": "https://shop.example/kettle.jpg"}
    order = event.action == "purchase"
    properties = {"currency": item.currency, "value": item.price, **({"products": [product]} if order else product)}
    return {
        "anonymousId": event.shopper_id,
        "context": CONTEXT,
        "event": NAMES[event.action][0],
        "integrations": {},
        "messageId": event.event_id,
        "originalTimestamp": at,
        "properties": properties,
        "receivedAt": at,
        "sentAt": at,
        "timestamp": at,
        "type": "track",
        "userId": None,
        "version": 2,
    }


def ga4(event: ShopperEvent) -> dict[str, Any]:
    """A request of the Measurement Protocol with one event."""
    params: dict[str, object] = {"currency": "EUR", "value": 1, "session_id": "1714550000", "engagement_time_msec": 100}
    params["items"] = [_ga4_item(item) for item in event.items]
    return {
        "client_id": event.shopper_id,
        "timestamp_micros": event.time_ms * 1_000,
        "non_personalized_ads": False,
        "events": [{"name": NAMES[event.action][1], "params": params}],
    }


def ga4_export(event: ShopperEvent) -> dict[str, Any]:
    """A row of the BigQuery export."""
    keys = "page_location", "page_title", "page_referrer"
    params: list[object] = [{"key": key, "value": {"string_value": PAGE["url"]}} for key in keys]
    params += [{"key": "ga_session_id", "value": {"int_value": "1714550000"}}]
    params += [{"key": "currency", "value": {"string_value": "EUR"}}]
    return {
        "event_date": "20240501",
        "event_timestamp": str(event.time_ms * 1_000),
        "event_name": NAMES[event.action][1],
        "event_params": params,
        "event_bundle_sequence_id": "7",
        "user_pseudo_id": event.shopper_id,
        "device": {"category": "desktop", "operating_system": "Linux", "language": "en-gb"},
        "geo": {"city": "London", "country": "United Kingdom"},
        "traffic_source": {"name": "(direct)", "medium": "(none)", "source": "(direct)"},
        "stream_id": "1234567",
        "platform": "WEB",
        "items": [_ga4_item(item) for item in event.items],
    }


def snowplow(event: ShopperEvent) -> dict[str, Any]:
    """An enriched event as JSON, with the atomic fields that a browser fills."""
    at = _iso(event.time_ms)
    stamps = dict.fromkeys(("etl_tstamp", "collector_tstamp", "dvce_created_tstamp", "derived_tstamp"), at)
    fields = ("id", "name", "category", "brand", "price", "currency", "quantity")
    (item,) = event.items
    told = (item.id, item.title, item.category, item.brand, item.price, item.currency, item.quantity)
    return {
        "app_id": "shop",
        "platform": "web",
        **stamps,
        "event": "unstruct",
        "event_id": event.event_id,
        "name_tracker": "sp",
        "v_tracker": "js-3.24.0",
        "user_ipaddress": "203.0.113.7",
        "domain_userid": event.shopper_id,
        "domain_sessionid": "6f6fe1a7",
        "network_userid": "0cf2",
        "page_url": PAGE["url"],
        "page_title": PAGE["title"],
        "useragent": BROWSER,
        ACTION: {"type": NAMES[event.action][2]},
        PRODUCT: [dict(zip(fields, told, strict=True))],
        "event_vendor": "com.snowplowanalytics.snowplow.ecommerce",
        "event_name": "snowplow_ecommerce_action",
    }


def record(number: int, event: ShopperEvent, value: object, headers: tuple[tuple[str, bytes], ...] = ()) -> Sent:
    """Keyed by the shopper."""
    told = value if isinstance(value, bytes) else orjson.dumps(value)
    return Sent(number, event.time_ms, event.shopper_id.encode(), told, headers)


def enveloped(event: ShopperEvent, data: bytes) -> bytes:
    """A CloudEvent, structured."""
    attributes = {"specversion": "1.0", "type": "com.example.shop", "source": "/shop", "id": event.event_id}
    return orjson.dumps(attributes | {"time": _iso(event.time_ms), "data": orjson.Fragment(data)})


def headers(event: ShopperEvent) -> tuple[tuple[str, bytes], ...]:
    """Those of a CloudEvent in binary mode."""
    attributes = {"specversion": "1.0", "type": "com.example.shop", "source": "/shop", "id": event.event_id}
    told = {f"ce_{name}": text for name, text in attributes.items()} | {"content-type": "application/json"}
    return tuple((name, text.encode()) for name, text in told.items())


TELLINGS: Mapping[str, Telling] = {
    "native": Telling("native", lambda number, event: record(number, event, encode(event))),
    "segment": Telling("segment", lambda number, event: record(number, event, segment(event))),
    "ga4": Telling("ga4", lambda number, event: record(number, event, ga4(event))),
    "ga4, exported": Telling("ga4", lambda number, event: record(number, event, ga4_export(event))),
    "snowplow": Telling("snowplow", lambda number, event: record(number, event, snowplow(event))),
    "cloudevents": Telling("cloudevents", lambda number, event: record(number, event, enveloped(event, encode(event)))),
    "cloudevents, binary": Telling(
        "cloudevents", lambda number, event: record(number, event, encode(event), headers(event))
    ),
    "auto": Telling("auto", lambda number, event: record(number, event, encode(event))),
    "auto, segment": Telling("auto", lambda number, event: record(number, event, segment(event))),
    "cloudevents, segment": Telling(
        "cloudevents", lambda number, event: record(number, event, enveloped(event, orjson.dumps(segment(event))))
    ),
}
"""How an event is told. What stands in an envelope, or is recognised, is native unless it says otherwise."""


def _ga4_item(item: Item) -> dict[str, Any]:
    first, _, rest = (item.category or "").partition("/")
    named = {"item_id": item.id, "item_name": item.title, "item_brand": item.brand, "item_category": first}
    return named | {"item_category2": rest, "price": item.price, "quantity": item.quantity, "index": 3}


def _iso(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
