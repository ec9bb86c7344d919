"""Recordings: files with one message per line, in the format of ``mosquitto_sub -v``."""
