"""Reads shoppers' intents from Redis, within a ranker's latency budget."""

from penchant_reader.async_reader import AsyncIntentReader
from penchant_reader.fit import Candidate, Features, features
from penchant_reader.intent import ReadFailed, ReadIntent
from penchant_reader.reader import IntentReader

__all__ = ["AsyncIntentReader", "Candidate", "Features", "IntentReader", "ReadFailed", "ReadIntent", "features"]
