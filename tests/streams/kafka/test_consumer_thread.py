"""The thread of aiokafka: how it ends."""

import asyncio

from mode.utils.locks import Event

from streams.kafka.consumer_thread import ConsumerThread


def test_a_thread_whose_loop_has_closed_is_stopped_all_the_same() -> None:
    """It crashed, and was faster than whoever stops it."""
    thread = ConsumerThread.__new__(ConsumerThread)
    thread.thread_loop, thread._stopped = asyncio.new_event_loop(), Event()
    thread.thread_loop.close()
    thread._stopped_set()
    assert thread._stopped.is_set()
