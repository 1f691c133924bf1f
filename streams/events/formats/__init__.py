"""Event dialects, one a file: each turns a foreign record into native events."""
