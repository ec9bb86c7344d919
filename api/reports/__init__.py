"""Reports of runs. Only ``routes`` reads the history; the other modules are pure."""
