"""One poll: what aiokafka has fetched, or what it fetches next, until partitions are assigned anew.

aiokafka's own way would wait on for partitions that are no longer there, up to the end of the poll: whoever polls asks
for those that it knew, and learns of the others when the poll ends.
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

Fetched = Mapping[Any, list[Any]]


async def polled(consumer: Any, tps: Collection[Any] | None, timeout_s: float) -> Fetched:
    """The records of these partitions; none after `timeout_s`, or once partitions are assigned anew.

    Raises what the fetch met. Whoever is cancelled ends the poll.
    """
    fetcher, subscriptions, most = consumer._fetcher, consumer._subscription, consumer._max_poll_records
    if subscriptions.reassignment_in_progress:
        await subscriptions.wait_for_assignment()
        return {}
    assignment = subscriptions.subscription.assignment
    records: Fetched = await fetcher.fetched_records(tps, timeout=0, max_records=most)
    if records or not timeout_s:
        return records
    waiter = fetcher._create_fetch_waiter()
    try:
        ends = (waiter, assignment.unassign_future)
        await asyncio.wait(ends, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiter.cancel()  # no effect on one that is done
    if waiter.cancelled() or fetcher._closed:
        return {}
    waiter.result()  # raises what aiokafka tells whoever waits
    if subscriptions.reassignment_in_progress or not assignment.active:
        return {}
    records = await fetcher.fetched_records(tps, timeout=0, max_records=most)
    return records  # noqa: RET504 # aiokafka says nothing of what it returns
