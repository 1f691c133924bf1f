"""Folders of data that several tests read."""

from pathlib import Path

GROCERIES = Path(__file__).parent / "groceries"
"""A German grocer's template and vocabulary."""
