"""What all parts of System Monitor share: the contract, and the adapters for broker and store."""

__version__ = "0.1.0"
