"""The REST interface: its routes, and the responses that they return."""
