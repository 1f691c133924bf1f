"""Kafka outside the consumer group: options, reader, producer, topics.

The group's transport lives in `streams.kafka`.
"""
