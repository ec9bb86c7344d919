"""GPUs: the sensor, the port of the drivers, and each driver in a folder of its own."""
