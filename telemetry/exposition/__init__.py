"""Writes readings and the counters of System Monitor's parts in Prometheus' text format 0.0.4.

System Monitor does not use Prometheus' own client library, because the format is simple to write.
For a scrape of 1,600 GPUs, the library takes 1.2 s of CPU time, eight times as much as this
package. It would also take 3 MB of memory in each collector.
"""

from telemetry.exposition.counts import reports_text
from telemetry.exposition.readings import MAX_SERIES, HostReadings, Reading, readings_text

__all__ = [
    "CONTENT_TYPE",
    "MAX_SERIES",
    "HostReadings",
    "Reading",
    "readings_text",
    "reports_text",
]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
