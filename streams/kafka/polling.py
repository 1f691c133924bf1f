"""Polling: Faust's loop from the poll to the agent's buffer, at a fraction of its cost.

Faust waits for each message by four tasks, and for each poll by two more turns of the event loop. Here a message goes
into its buffer at once where there is room, and Faust's way where there is none or while the flow is stopped.
"""

import asyncio
from typing import Any

from aiokafka.errors import ConsumerStoppedError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP as FaustTP  # noqa: N811 (a class, whatever its name looks like)
from faust.types import ConsumerMessage

from streams.kafka.batches import Poll
from streams.kafka.header_names import consumer_record

POLL_S = 1.0


class PollingConsumer(driver.Consumer):
    """Faust's consumer with a loop of our own, and without what its loop needs but ours does not."""

    async def _drain_messages(self, fetcher: Any) -> None:
        """Poll until the consumer or the fetcher stops, or an error comes that is not of the stop."""
        try:
            while not (self.should_stop or fetcher.should_stop):
                async for tp, message in self.getmany(timeout=POLL_S):
                    if isinstance(message.value, Poll):
                        await self._hand_over(tp, message)
                    elif message.offset >= (self._read_offset[tp] or 0):
                        await self._hand_over(tp, message)
                        self._read_offset[tp] = message.offset
        except (ConsumerStoppedError, asyncio.CancelledError) as exc:
            if not self.app.should_stop:
                raise
            self.log.info("Polls no more: %r", exc)

    def _to_message(self, tp: FaustTP, record: Any) -> ConsumerMessage:
        if not isinstance(record, Poll):
            return super()._to_message(tp, record)
        message: Any = super()._to_message(tp, consumer_record(tp, record.batches[0].records[0]))
        message.key, message.value, message.headers = None, record, []
        return message  # type: ignore[no-any-return] # Faust says that a value is bytes

    async def _hand_over(self, tp: FaustTP, message: Any) -> None:
        """Into the buffers of those who read this; what finds no room before the flow stops is read again later."""
        if self.flow_active and self.app.flow_control.is_active() and self._room(tp):
            await self.callback(message)
        else:
            await self.wait_first(self.callback(message), self.suspend_flow.wait())

    def _room(self, tp: FaustTP) -> bool:
        conductor: Any = self.app.topics
        return not any(channel.queue.full() for channel in conductor._tp_index.get(tp, ()))

    async def _add_gap(self, tp: FaustTP, offset_from: int, offset_to: int) -> None:
        """Holes are the ledger's business."""

    def on_buffer_full(self, tp: FaustTP) -> None:
        """A full buffer blocks the fetch loop, and that is enough."""

    def on_buffer_drop(self, tp: FaustTP) -> None:
        """Nothing was stopped when the buffer was full."""

    def verify_event_path(self, now: float, tp: FaustTP) -> None:
        """Faust's watchdog only logs, and falsely so for paused partitions; liveness is judged elsewhere."""
