"""What a worker does with events, from a batch to an intent in the store.

Fleet-wide decisions live in `agents.fleet`, judging a worker in `agents.health`.
"""
