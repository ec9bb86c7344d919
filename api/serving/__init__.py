"""The HTTP server: protocols, access control, compression, and the dashboard's files."""
