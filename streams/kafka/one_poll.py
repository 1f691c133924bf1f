"""One poll: what aiokafka has fetched, or what it fetches next, until partitions are assigned anew.

aiokafka's own way would wait on for partitions that are no longer there, up to the end of the poll: whoever polls asks
for those that it knew, and learns of the others when the poll ends. And it hands out one partition after the other:
after an outage each has thousands of records here, and nothing would go on side by side.
"""

import asyncio
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from aiokafka.consumer.fetcher import FetchResult

PORTION = 250
"""So many records of a partition are worth a portion of their own."""

Fetched = Mapping[Any, list[Any]]


async def polled(consumer: Any, tps: Collection[Any] | None, timeout_s: float) -> Fetched:
    """The records of these partitions; none after `timeout_s`, or once partitions are assigned anew.

    Raises what the fetch met. Whoever is cancelled ends the poll.
    """
    fetcher, subscriptions = consumer._fetcher, consumer._subscription
    if subscriptions.reassignment_in_progress:
        await subscriptions.wait_for_assignment()
        return {}
    assignment = subscriptions.subscription.assignment
    records = await _portions(consumer, tps)
    if records or not timeout_s:
        return records
    waiter = fetcher._create_fetch_waiter()
    end = partial(_end, waiter)  # `asyncio.wait` would take half as long again
    timer = asyncio.get_running_loop().call_later(timeout_s, end)
    assignment.unassign_future.add_done_callback(end)
    try:
        await waiter  # raises what aiokafka tells whoever waits
    finally:
        timer.cancel()
        assignment.unassign_future.remove_done_callback(end)
    if fetcher._closed:
        return {}
    if subscriptions.reassignment_in_progress or not assignment.active:
        return {}
    return await _portions(consumer, tps)


def _end(waiter: asyncio.Future[None], *_: object) -> None:
    if not waiter.done():
        waiter.set_result(None)


async def _portions(consumer: Any, tps: Collection[Any] | None) -> Fetched:
    """Some of each partition that has records here, as far as one poll goes. The others come first the next time.

    What a fetch met is raised when it is the first in line: raised later it would take what was handed out with it.
    """
    fetcher, left = consumer._fetcher, consumer._max_poll_records
    here = [tp for tp in fetcher._records if not tps or tp in tps]
    most = max(left // max(len(here), 1), PORTION)
    records: dict[Any, list[Any]] = {}
    for tp in here:
        fetch = fetcher._records[tp]
        if not isinstance(fetch, FetchResult):
            return records or await fetcher.fetched_records([tp], timeout=0, max_records=left)
        if found := fetch.getall(min(most, left)):
            records[tp] = found
        del fetcher._records[tp]
        if fetch.has_more():
            fetcher._records[tp] = fetch
        else:
            fetcher._notify(fetcher._wait_consume_future)  # more of it may be fetched
        left -= len(found)
        if not left:
            break
    return records
