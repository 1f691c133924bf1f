"""Metrics: what a worker tells of itself to a monitoring system."""
