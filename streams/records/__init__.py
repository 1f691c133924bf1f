"""What Penchant writes for others: intents, their history, erasures, dead letters, lineage.

Values and their JSON; stores and topics live elsewhere.
"""
