"""The way out to the rankers: Redis keys, the intent writer, the session contexts."""
