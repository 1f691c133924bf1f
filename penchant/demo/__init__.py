"""The demonstration: the whole pipeline on this machine, watched while it runs."""
