"""Kafka, Redis and Triton from wheels, on loopback, without Docker or GPU.

Each is a child process that ends with its parent.
"""
