"""The console: what operators see of a fleet in a browser, live. A process of its own, never inside a worker.

It reads what the commands read, by the same functions, so that the two cannot disagree.
"""
