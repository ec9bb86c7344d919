"""Adds this machine and its GPUs to Home Assistant, through its discovery over MQTT."""
