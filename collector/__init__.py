"""Reads this machine's sensors and publishes their samples."""
