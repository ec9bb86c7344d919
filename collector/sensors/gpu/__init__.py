"""GPUs: the sensor, the port of the drivers, and each driver in a folder of its own."""

from collector.sensors.gpu.sensor import GpuSensor

__all__ = ["GpuSensor"]
