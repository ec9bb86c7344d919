"""The active findings of a host, most severe first."""

import textwrap
from collections.abc import Iterator, Mapping

from api.live.newest import HostState
from deploy.top.lines import Line, Span, Style
from deploy.top.text import number
from telemetry.catalogue import FINDING, family_of
from telemetry.events import Event
from telemetry.printable import printable
from telemetry.quantities import duration

_SHOWN = 5
_LEVELS = {"critical": 2, "warning": 1, "info": 0}
STYLES = {"critical": Style.CRITICAL, "warning": Style.WARNING, "info": Style.PLAIN}


def active(host: HostState) -> list[Mapping[str, object]]:
    """Return the fields of each active finding, sorted by severity, then newest first."""
    found = [
        update.content.values
        for update in host.updates.values()
        if isinstance(update.content, Event) and family_of(update.channel) is FINDING
    ]
    return sorted(found, key=lambda each: (-level(each), -(number(each.get("since")) or 0)))


def level(finding: Mapping[str, object]) -> int:
    """Return the rank of the finding's severity, from 0 (``info``) to 2 (``critical``)."""
    return _LEVELS.get(str(finding.get("severity")), 0)


def finding_lines(host: HostState, width: int, now: int) -> Iterator[Line]:
    """Yield the lines of the five most severe findings, then a line that counts any others.

    ``now`` is in Unix milliseconds.
    """
    found = active(host)
    for finding in found[:_SHOWN]:
        severity = str(finding.get("severity"))
        age = duration((now - (number(finding.get("since")) or now)) / 1000)
        text = printable(f"{finding.get('summary')} ({severity}, for {age})")
        for index, line in enumerate(textwrap.wrap(text, max(10, width - 2))):
            yield (
                Span("! " if index == 0 else "  ", STYLES.get(severity, Style.PLAIN)),
                *_of(line),
            )
    if len(found) > _SHOWN:
        yield (Span(f"  and {len(found) - _SHOWN} more", Style.DIM),)


def _of(text: str) -> Line:
    return (Span(text),)
