"""The REST interface: what it answers, and from what."""
