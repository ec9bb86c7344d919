"""A sample as a line of InfluxDB's line protocol. Imports the client, which takes over 20 MB."""

from influxdb_client import Point, WritePrecision

from telemetry.history.columns import numbers_of, unknown_channel
from telemetry.history.influxdb.names import MARKER, encode, series_of
from telemetry.samples import Sample


def line_of(sample: Sample) -> str:
    """Return ``sample`` in line protocol.

    All values are floats, so that a field never changes its type. Raises HistoryRejectedError if
    its channel has no history.
    """
    series = series_of(sample.channel)
    if series is None:
        raise unknown_channel(sample.channel)
    point = Point(series.measurement).tag("host", encode(sample.host))
    if series.gpu:
        point.tag("gpu", series.gpu)
    point.field(MARKER, 1)
    for name, value in numbers_of(sample).items():
        point.field(encode(name), value)
    line: str = point.time(sample.timestamp * 1_000_000, WritePrecision.NS).to_line_protocol(
        WritePrecision.NS
    )
    return line
