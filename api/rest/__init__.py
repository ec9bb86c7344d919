"""The REST interface: its routes and their responses."""
