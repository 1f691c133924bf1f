"""No letters: the dead-letter topic of those who refuse nothing."""

from collections.abc import Mapping, Sequence

from streams.records.dead_letters import DeadLetter


class NoLetters:
    """A DeadLetterSender that nobody should need."""

    async def send(self, letters: Sequence[DeadLetter]) -> Mapping[int, str]:
        raise AssertionError(f"{len(letters)} records were refused")
