"""The GPU sensor, the interface of GPU drivers, and a folder for each driver."""

from collector.sensors.gpu.sensor import GpuSensor

__all__ = ["GpuSensor"]
