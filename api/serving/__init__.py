"""Serves the application: server, protocols, protection against other origins, page."""
