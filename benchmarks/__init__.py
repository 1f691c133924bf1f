"""Benchmarks: ratios and intervals from interleaved rounds of one run on one machine, never a bare absolute."""
