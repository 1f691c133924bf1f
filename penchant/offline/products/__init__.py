"""Products offline: a catalogue read, understood and written.

What is found in a product belongs in `agents.products`.
"""
