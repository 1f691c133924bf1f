"""What flows, and how far we have come: events, sessions, triggers, intents, offsets."""
