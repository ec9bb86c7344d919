"""Reads this machine and publishes what it finds."""
