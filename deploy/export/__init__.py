"""``system-monitor export``: the history of a running server, as a file."""
