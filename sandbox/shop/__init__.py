"""Simulated shoppers and recorded ones, and playing either to Kafka.

Seeded.
"""
