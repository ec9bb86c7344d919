"""Receives samples and events from the bus and stores them in the history."""
