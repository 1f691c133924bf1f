"""The face of Penchant: composition root, settings, command line, embedded stack."""

__version__ = "0.1.0"
