"""Tune: which settings reach a target at the least cost, on recorded events, in virtual time."""
