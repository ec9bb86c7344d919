"""Home Assistant's discovery over MQTT, which adds this machine and its GPUs automatically."""
