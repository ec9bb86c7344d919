"""Serves all hosts' runs, such as training jobs.

Each run is assembled from its messages on the bus and in the history.
"""
