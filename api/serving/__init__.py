"""The HTTP server with its protocols, access control, compression, and the dashboard's files."""
