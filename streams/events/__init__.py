"""What shoppers do: the event, its dialects, decoding, and what is redacted.

How records travel is the business of `streams.kafka`.
"""
