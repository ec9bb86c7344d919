"""Notices: they bring findings, and the ends of runs, to people and programs."""
