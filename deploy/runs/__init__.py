"""``system-monitor run``: a command, and what is published about it."""
