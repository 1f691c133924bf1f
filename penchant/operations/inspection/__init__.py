"""Inspection: everything there is about one shopper's intent, and why it is as old as it is."""
