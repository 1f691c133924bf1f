"""Traces: what became of one call, from an event's append to its intent's write, for a collector of OpenTelemetry."""
