"""A whole shop on one machine: virtual time, simulated GPUs, embedded servers, simulated shoppers.

Nothing that serves imports it.
"""
