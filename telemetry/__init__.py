"""Code that all parts share: the data contract, and adapters for the broker and the history."""

__version__ = "0.1.0"
