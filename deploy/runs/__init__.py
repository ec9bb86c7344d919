"""``system-monitor run``: starts a command, and publishes it as a run."""
