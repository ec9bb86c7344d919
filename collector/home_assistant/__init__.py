"""Adds this machine and its GPUs to Home Assistant through MQTT discovery."""
