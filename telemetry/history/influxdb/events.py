"""Events in InfluxDB: one measurement per family.

InfluxDB stores only one point per series and time, so an event could overwrite another from the
same millisecond. To prevent this, the point's tag ``part`` and the last six digits of its time in
nanoseconds are taken from a hash of the event's host and id. If the family has several channels,
the channel is hashed too. So an event delivered twice with the same timestamp is stored once,
but different events of the same millisecond are all stored. A tag with the id would have the
same effect, but InfluxDB would then create a series for each event.
"""

import hashlib
import json
from collections.abc import Iterable

from telemetry.catalogue import family_of
from telemetry.events import Event
from telemetry.history.columns import unknown_channel
from telemetry.history.influxdb import flux
from telemetry.history.port import EventQuery

_NANOSECONDS = 1_000_000  # in a millisecond
_EVERY_HOST = "#"  # no host has this name; a pivot does not handle empty strings


def line_of(event: Event) -> str:
    """Return ``event`` in line protocol. Raises HistoryRejectedError for an unknown channel."""
    family = family_of(event.channel)
    if family is None:
        raise unknown_channel(event.channel)
    fields = {
        "channel": event.channel,
        "id": event.id,
        "host": event.host or _EVERY_HOST,
        "payload": json.dumps(event.values),
    }
    texts = ",".join(f'{name}="{_escaped(text)}"' for name, text in fields.items())
    place = f"{event.channel}/" if family.several else ""
    digest = hashlib.sha256(f"{place}{event.host or _EVERY_HOST}/{event.id}".encode()).digest()
    nanoseconds = event.timestamp * _NANOSECONDS + int.from_bytes(digest[1:9]) % _NANOSECONDS
    return f"{family.name},part={digest[0]:02x} {texts} {nanoseconds}"


def select(bucket: str, query: EventQuery) -> flux.Script:
    """Return the script that finds the events selected by ``query``, newest first."""
    conditions = []
    if query.host is not None:
        conditions.append("(r.host == every or r.host == host)")
    if query.channel is not None:
        conditions.append("r.channel == channel")
    if query.run is not None:
        conditions.append("strings.containsStr(v: r.payload, substr: run)")
    chosen = f"\n  |> filter(fn: (r) => {' and '.join(conditions)})" if conditions else ""
    text = (
        'import "strings"\n\nfrom(bucket: bucket)\n  |> range(start: start, stop: stop)\n'
        "  |> filter(fn: (r) => r._measurement == measurement)\n"
        f"  |> {flux.PIVOT}\n  |> group(){chosen}\n"
        '  |> sort(columns: ["_time"], desc: true)\n'
        f"  |> limit(n: {query.limit:d})"
    )
    parameters: dict[str, flux.Value] = {
        "bucket": bucket,
        "start": flux.time_of(query.start),
        "stop": flux.time_of(query.end),
        "measurement": query.family.name,
    }
    if query.channel is not None:
        parameters["channel"] = query.channel
    if query.host is not None:
        parameters |= {"host": query.host, "every": _EVERY_HOST}
    if query.run is not None:
        # Only the field ``run`` matches: in other texts of the payload, the quotes are escaped.
        parameters["run"] = f'"run": {json.dumps(query.run)}'
    return flux.Script(text, parameters)


def selected(tables: Iterable[flux.Table]) -> list[Event]:
    """Return the events in ``tables``, oldest first.

    An event published without a timestamp gets the time of its arrival. If such an event is
    delivered twice, it is stored twice, with different times. Only the earlier copy is returned.
    """
    found: dict[tuple[str, str, str], Event] = {}
    for table in tables:
        names = ("channel", "id", "host", "payload")
        rows = zip(*(table.columns[name] for name in names), table.times(), strict=True)
        for channel, identity, host, payload, timestamp in rows:
            concerned = None if host == _EVERY_HOST else host
            event = Event(channel, identity, timestamp, concerned, json.loads(payload))
            known = found.get((channel, host, identity))
            if known is None or timestamp < known.timestamp:
                found[channel, host, identity] = event
    return sorted(found.values(), key=lambda event: (event.timestamp, event.id))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
