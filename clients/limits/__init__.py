"""The arithmetic of limits: calls in flight, queue delay, token estimates, retries, the circuit breaker.

Pure: time is an argument.
"""
