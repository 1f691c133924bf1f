"""Data sets: open exports of shops that are known, but lack what an event needs; and what others are nearest to.

Sources: https://www.kaggle.com/datasets/retailrocket/ecommerce-dataset, https://cikm2016.cs.iupui.edu/cikm-cup/
(Diginetica), https://www.kaggle.com/competitions/h-and-m-personalized-fashion-recommendations,
https://www.kaggle.com/competitions/instacart-market-basket-analysis, https://kddcup23.github.io (Amazon-M2).
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from streams.events.formats import rees46, retailrocket


class Known(NamedTuple):
    """A table that is known by these columns, and what it has not."""

    name: str
    columns: frozenset[str]
    lacks: str


def _known(name: str, columns: str, lacks: str) -> Known:
    return Known(name, frozenset(columns.split()), lacks)


NO_DAYTIME = "the time of day"
KNOWN = (
    _known("RetailRocket's item properties", "timestamp itemid property value", "the shopper: name its events.csv"),
    _known("RetailRocket's category tree", "categoryid parentid", "shopper, item and time: name its events.csv"),
    _known(
        "Diginetica's purchases", "sessionid userid timeframe eventdate ordernumber itemid", f"{NO_DAYTIME} (days only)"
    ),
    _known(
        "Diginetica's queries",
        "queryid sessionid userid timeframe eventdate searchstring.tokens",
        "item and time of day",
    ),
    _known(
        "Diginetica's item views",
        "sessionid userid itemid timeframe eventdate",
        f"{NO_DAYTIME}: it has days, and milliseconds since a session's first query",
    ),
    _known("Diginetica's clicks", "queryid timeframe itemid", "shopper and time"),
    _known("Diginetica's products", "itemid pricelog2 product.name.tokens", "shopper and time"),
    _known("H&M's transactions", "t_dat customer_id article_id price", f"{NO_DAYTIME} (days only)"),
    _known("H&M's articles", "article_id product_code prod_name", "shopper and time"),
    _known("H&M's customers", "customer_id club_member_status", "item and time"),
    _known("Instacart's orders", "order_id user_id order_dow order_hour_of_day", "item and date"),
    _known("Instacart's order products", "order_id product_id add_to_cart_order", "shopper and time"),
    _known("Instacart's products", "product_id product_name aisle_id", "shopper and time"),
    _known("Amazon-M2's sessions", "prev_items locale", "shopper and time"),
    _known("Amazon-M2's products", "id locale title price brand", "shopper and time"),
)
"""The narrower of two that share columns stands first."""

NEEDED: Mapping[str, Collection[str]] = {
    "native": ("event_id", "shopper_id", "action", "time_ms"),
    "Segment": ("event", "messageId", "userId", "timestamp", "properties"),
    "GA4": ("client_id", "events", "event_name", "event_timestamp", "user_pseudo_id"),
    "Snowplow": ("event_id", "event_name", "collector_tstamp", "domain_userid"),
    "REES46": rees46.COLUMNS,
    "RetailRocket": retailrocket.COLUMNS,
}
"""What a line or row of a format has."""


def known(columns: Collection[str]) -> Known | None:
    """The data set of a table with these columns, in lower case."""
    return next((each for each in KNOWN if each.columns <= set(columns)), None)


def nearest(columns: Collection[str]) -> str:
    """The format that has most of these columns or keys, and those that it has beyond, in words."""
    name, needed = max(NEEDED.items(), key=lambda each: len(set(each[1]) & set(columns)) / len(each[1]))
    missing = [column for column in needed if column not in columns]
    if len(missing) == len(needed):
        return "it has no column of any format that is known"
    if not missing:
        return f"it has the columns of {name}, in another order or with another sign between them"
    return f"nearest is {name}, but it lacks {', '.join(missing)}"
