"""Serves the newest values, the history and the live stream over HTTP."""
