"""Notices: messages about findings and ended runs, for people and programs."""
