"""Dead-letter producer: refused records go to the dead-letter topic, and what Kafka will never take is judged alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from streams.errors import BrokerUnavailable, ContractMismatch
from streams.kafka.errors import permanent
from streams.kafka.producer import RecordProducer
from streams.records.dead_letters import DeadLetter

SIZES = (524_288, 16_384, 1_024)
"""The most bytes of a letter that Kafka refused whole, tried in this order; the last leaves little but its origin."""

MAKE_IT = "; make the topic: letters wait for it, and go out without a restart"

REMEDIES: Sequence[tuple[type[KafkaError], str]] = (
    (TopicAuthorizationFailedError, "; grant the right to write to it (docs/security.md)"),
    (ClusterAuthorizationFailedError, "; grant the right to write to it (docs/security.md)"),
    (UnknownTopicOrPartitionError, MAKE_IT),
)
"""What people can do about the topic."""


class DeadLetterProducer:
    """Sends through a producer that its owner starts and stops; it must not be idempotent (see `producing`)."""

    def __init__(self, producer: RecordProducer, topic: str) -> None:
        self._producer, self._topic = producer, topic

    async def send(self, letters: Sequence[DeadLetter]) -> Mapping[int, str]:
        """Return when the broker has them; of those that it will never take, whatever their size, why, by index.

        Raises BrokerUnavailable when trying again may help; some of them may have been taken then.
        """
        refused = await self._try(dict(enumerate(letters)))
        return {number: why for number in refused if (why := await self._smaller(letters[number], refused[number]))}

    async def _smaller(self, letter: DeadLetter, why: str) -> str | None:
        """Send it shortened, and shorter again while that is refused; why the shortest is, None when one was taken."""
        for most_bytes in SIZES:
            refused = await self._try({0: letter.shortened(most_bytes)})
            if not refused:
                return None
            why = refused[0]
        return why

    async def _try(self, letters: Mapping[int, DeadLetter]) -> dict[int, str]:
        """Send these; those that are refused for good, and why."""
        refused: dict[int, str] = {}
        sent: dict[int, Any] = {}
        for number, letter in letters.items():
            try:
                sent[number] = await self._producer.put(
                    self._topic, letter.key, letter.value or b"", headers=letter.headers()
                )
            except ContractMismatch as error:
                refused[number] = self._why(error.__cause__ or error)
            except BrokerUnavailable as error:
                if self._producer.knows(self._topic):
                    raise
                raise BrokerUnavailable(f"the dead-letter topic {self._topic} is not there{MAKE_IT}") from error
        outcomes = await self._producer.outcomes(list(sent.values()))
        for number, outcome in zip(sent, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                refused[number] = self._why(outcome)
        return refused

    def _why(self, error: BaseException) -> str:
        """Why Kafka never takes a letter. What is wrong with the topic is no letter's fault, and people can mend it."""
        remedy = next((told for kind, told in REMEDIES if isinstance(error, kind)), "")
        if not remedy and isinstance(error, KafkaError) and permanent(error):
            return repr(error)
        message = f"the dead-letter topic {self._topic} does not take records: {error!r}{remedy}"
        raise BrokerUnavailable(message) from error
