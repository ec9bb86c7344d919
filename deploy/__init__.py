"""Starts System Monitor: the command line, its roles, and the embedded broker."""
