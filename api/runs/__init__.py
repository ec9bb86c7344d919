"""Runs: what the bus and the history know about them, and their routes."""
