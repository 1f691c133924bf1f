"""Kafka as Penchant uses it: transport, assignment, record batches.

Only this room below the agents knows Faust; what records say is decided elsewhere.
"""
