"""Assembles runs from the bus and the history, and serves them."""
