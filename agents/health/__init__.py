"""What a worker measures of itself, and how that is judged.

Showing it to probes and metrics is the business of `penchant.telemetry`.
"""
