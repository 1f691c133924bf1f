"""What workers tell and hear as one fleet: switches and decisions, once a second.

How they stand in Redis is the business of `storage`.
"""
