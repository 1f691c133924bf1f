"""Reasons: what a failure means for the one intent that it stands for. No I/O here."""

import asyncio

from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeout

from penchant_reader.circuit import CircuitOpen
from penchant_reader.ids import InvalidId
from penchant_reader.intent import Reason


def reason_of(error: Exception) -> Reason:
    """Why an intent is missing, by what went wrong."""
    if isinstance(error, InvalidId):
        return "id"
    if isinstance(error, CircuitOpen):
        return "circuit"
    if isinstance(error, (RedisTimeout, asyncio.TimeoutError, TimeoutError)):
        return "timeout"
    if isinstance(error, (TypeError, ValueError)) or _another_type(error):
        return "unreadable"
    return "unavailable"


def _another_type(error: Exception) -> bool:
    return isinstance(error, ResponseError) and str(error).startswith("WRONGTYPE")
