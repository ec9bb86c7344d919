"""``system-monitor export``: exports the history of a running server."""
