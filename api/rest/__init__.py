"""The REST interface: routes, responses and their data."""
