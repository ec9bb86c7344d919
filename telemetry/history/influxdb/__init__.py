"""The history in InfluxDB 2.x: one measurement per family, with the tags ``host`` and ``gpu``."""

from telemetry.history.influxdb.reader import InfluxdbReader
from telemetry.history.influxdb.writer import InfluxdbWriter

__all__ = ["InfluxdbReader", "InfluxdbWriter"]
