"""Codecs: by what a topic may be compressed, so that it can be read here."""

from collections.abc import Callable, Mapping

from aiokafka import codec

_CODECS: Mapping[str, Callable[[], bool]] = {
    "gzip": codec.has_gzip,
    "snappy": codec.has_snappy,
    "lz4": codec.has_lz4,
    "zstd": codec.has_zstd,
}

READABLE = ("producer", "uncompressed", *(name for name, is_there in _CODECS.items() if is_there()))
"""Values of a topic's `compression.type`; `producer` leaves it to those, and each is found out as it comes."""
