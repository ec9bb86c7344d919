"""A sample as a line of InfluxDB's line protocol. Imports the client, which takes over 20 MB."""

from influxdb_client import Point, WritePrecision

from telemetry.history.columns import no_channel, numbers_of
from telemetry.history.influxdb.names import MARKER, encode, series_of
from telemetry.samples import Sample


def line_of(sample: Sample) -> str:
    """Return ``sample`` in line protocol. Raises HistoryRejectedError for a channel without.

    All values are floats, so that a field never changes its type.
    """
    series = series_of(sample.channel)
    if series is None:
        raise no_channel(sample.channel)
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
