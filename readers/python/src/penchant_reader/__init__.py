"""Reads shoppers' intents from Redis, within a ranker's latency budget."""

from penchant_reader.async_reader import AsyncIntentReader
from penchant_reader.columns import COLUMNS, FINGERPRINT, VERSION, vector
from penchant_reader.fields import ALL, HOT
from penchant_reader.fit import Candidate, Features, features
from penchant_reader.freshness import Freshness
from penchant_reader.intent import ReadFailed, ReadIntent
from penchant_reader.matrix import as_matrix, as_table
from penchant_reader.order import in_order
from penchant_reader.reader import IntentReader

__all__ = [
    "ALL", "COLUMNS", "FINGERPRINT", "HOT", "VERSION", "AsyncIntentReader", "Candidate", "Features", "Freshness",
    "IntentReader", "ReadFailed", "ReadIntent", "as_matrix", "as_table", "features", "in_order", "vector",
]  # fmt: skip
