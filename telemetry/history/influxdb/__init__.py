"""The history in InfluxDB 2.x: one measurement per family; samples have tags for host and GPU."""

from telemetry.history.influxdb.reader import InfluxdbReader
from telemetry.history.influxdb.writer import InfluxdbWriter

__all__ = ["InfluxdbReader", "InfluxdbWriter"]
