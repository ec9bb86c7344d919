"""The history in InfluxDB 2.x: a measurement for each family, ``host`` and ``gpu`` as tags."""

from telemetry.history.influxdb.reader import InfluxdbReader
from telemetry.history.influxdb.writer import InfluxdbWriter

__all__ = ["InfluxdbReader", "InfluxdbWriter"]
