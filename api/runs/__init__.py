"""Serves the runs, such as training jobs, of all hosts.

Each run is assembled from its messages on the bus and in the history.
"""
