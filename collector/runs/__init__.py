"""Runs: the processes of each, followed from its start to its end."""
