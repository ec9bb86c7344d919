"""GPUs: the sensor, the interface of the drivers, and each driver in a folder of its own."""

from collector.sensors.gpu.sensor import GpuSensor

__all__ = ["GpuSensor"]
