"""What a worker tells the outside: metrics, probes, alerts.

Measuring is the business of `agents.health`.
"""
