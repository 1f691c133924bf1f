"""Reads shoppers' intents from Redis."""
