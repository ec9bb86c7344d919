"""Recordings: files of messages, one ``topic payload`` a line, as ``mosquitto_sub -v`` prints."""
