"""Many replicas behind the port of one model: permits, routing, ejection, hedging.

The words of a server live in `clients.dialects`.
"""
