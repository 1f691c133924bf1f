"""Jobs offline: files of requests read, asked and answered, and the runners that do so."""
