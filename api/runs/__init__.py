"""Serves the runs of all hosts, such as training jobs.

Each run is assembled from its messages on the bus and in the history.
"""
