"""Every way to start System Monitor."""
