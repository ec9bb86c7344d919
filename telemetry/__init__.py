"""The contract that all parts of System Monitor share, and the adapters for broker and store."""

__version__ = "0.1.0"
