"""A Quix Streams application: one callback an event, sessions in plain memory (its own state store would cost more)."""

from folding import Folding
from quixstreams import Application, message_context

folding = Folding()


def enrich(value: bytes, _key: object, timestamp_ms: int, _headers: object) -> None:
    """Validate and fold."""
    folding.value(value, message_context().offset, timestamp_ms)


if __name__ == "__main__":
    app = Application(
        broker_address=folding.bootstrap,
        consumer_group=folding.group,
        auto_offset_reset="earliest",
        auto_create_topics=False,
        use_changelog_topics=False,
        loglevel="ERROR",
    )
    topic = app.topic(folding.topic, key_deserializer="bytes", value_deserializer="bytes")
    app.dataframe(topic).update(enrich, metadata=True)
    app.run()
