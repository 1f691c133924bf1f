"""What is worked out beside the stream: eval, estimate, what if, export.

It changes nothing that is live.
"""
