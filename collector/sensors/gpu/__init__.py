"""GPUs: the sensor, its threads, and the processes that use them; each driver in a folder."""
