"""The windowed fold of one shopper's events, when it is due, how it is packed, and how far the log is covered.

Pure: time is an argument.
"""
