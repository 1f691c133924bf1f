"""Estimate: what a topic would cost, learned from a few minutes of it, without a model or a write."""
