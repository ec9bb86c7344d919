"""Home Assistant's discovery over MQTT: it shows this machine and its GPUs by itself."""
