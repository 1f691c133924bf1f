"""Goodput: how many intents come in time, and what GPU time they cost, beside what an async-I/O operator does."""
