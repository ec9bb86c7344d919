"""Tracks the processes of each run from its start to its end."""
