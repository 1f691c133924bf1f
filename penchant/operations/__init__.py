"""What operators do: doctor, dead letters, inspect, replay, forget, control, rekey.

The command line only calls it.
"""
