"""Audit: planted instructions and personal data against a model and prompt, and what they moved or leaked."""
