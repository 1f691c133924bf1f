"""The embedded stack: Kafka, Redis and Triton from wheels, on loopback, without Docker or GPU."""
