"""Letters: the dead-letter topic on Kafka."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.errors import BrokerUnavailable
from streams.records.dead_letters import DeadLetter


class KafkaLetters:
    """Sends dead letters through a producer that somebody else starts and stops."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, timeout_s: float = 10.0) -> None:
        self._producer, self._topic, self._timeout_s = producer, topic, timeout_s

    async def send(self, letters: Sequence[DeadLetter]) -> None:
        """Send, and wait until the broker has all of them."""
        try:
            async with asyncio.timeout(self._timeout_s):
                sent = [
                    await self._producer.send(
                        self._topic, key=letter.key, value=letter.value or b"", headers=letter.headers()
                    )
                    for letter in letters
                ]
                await asyncio.gather(*sent)
        except (KafkaError, TimeoutError, OSError) as error:
            raise BrokerUnavailable(f"the dead-letter topic {self._topic} does not take records: {error!r}") from error
