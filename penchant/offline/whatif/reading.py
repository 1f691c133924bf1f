"""Reading: what is to be played again, out of a topic or a file."""

import asyncio
import logging
from pathlib import Path

from penchant.offline.estimate.reading import Sample, read_file, read_topic
from penchant.settings.root import Settings


def read(settings: Settings, file: Path | None, minutes: float, most: int) -> Sample:
    """The first `minutes` of the file, else the last of the settings' topic; ContractMismatch where there is nothing.
    Call it where no event loop runs."""
    if file is not None:
        return read_file(file, minutes, most, settings.privacy)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it tells, our errors tell once
    return asyncio.run(read_topic(settings.kafka, minutes, most, None, settings.privacy))
