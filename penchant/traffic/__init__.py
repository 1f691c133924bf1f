"""Traffic: simulated shoppers, recorded ones, and playing either to Kafka."""
