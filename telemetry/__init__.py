"""The contract that every part of System Monitor shares, and the edges to broker and store."""

__version__ = "0.1.0"
