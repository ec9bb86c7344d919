"""Recordings: messages of the bus as lines of ``topic payload``, as ``mosquitto_sub -v`` prints."""
