"""Session: the windowed fold of one shopper's events. Pure; a session is a function of a log prefix."""
