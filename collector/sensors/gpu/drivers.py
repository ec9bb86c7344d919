"""The drivers that exist; their GPUs get their ids in this order."""

from collector.sensors.gpu.driver import DriverFactory
from collector.sensors.gpu.nvml.driver import NvmlDriver

DRIVERS: tuple[DriverFactory, ...] = (NvmlDriver,)
