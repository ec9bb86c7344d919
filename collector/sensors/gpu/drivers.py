"""The supported GPU drivers, in the order in which their GPUs get ids."""

from collector.sensors.gpu.driver import DriverFactory
from collector.sensors.gpu.nvml.driver import NvmlDriver

DRIVERS: tuple[DriverFactory, ...] = (NvmlDriver,)
