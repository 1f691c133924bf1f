"""Replay: the topic, or a file, once more: beside what is live, or over it."""
