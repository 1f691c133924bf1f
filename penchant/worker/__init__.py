"""The composition root of a worker: from settings to running parts.

What the parts do is decided in `agents` and below.
"""
