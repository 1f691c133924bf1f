"""What is worked out beside the stream: eval, estimate, export.

It changes nothing that is live.
"""
