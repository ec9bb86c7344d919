"""How the application is served: server, protocols, protection, page."""
