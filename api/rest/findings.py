"""The route for findings: active findings from the bus, and past findings from the history."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from api.parameters import CheckedRoute
from api.rest import examples
from api.rest.context import MAX_TEXT, PREFIX, Context, End, Parts, Start, documented
from api.rest.history import Span, parse_span
from api.rest.responses import FindingEntry, FindingsResponse
from telemetry.catalogue import FINDING, family_of
from telemetry.clock import unix_milliseconds
from telemetry.errors import HistoryUnavailableError
from telemetry.events import Event
from telemetry.history.port import EventQuery

MAX_FINDINGS = 1_000
_MAX_EVENTS = 5_000  # read from the history; each past finding has two or more events
_SEVERITIES = ("info", "warning", "critical")

Entry = Mapping[str, Any]

router = APIRouter(prefix=PREFIX, tags=["findings"], route_class=CheckedRoute)


@router.get(
    "/findings",
    responses=documented(examples.FINDINGS, 401, 422, 503),
    summary="Active findings, most severe first; then past findings, newest first",
)
async def findings(
    parts: Context,
    start: Start = None,
    end: End = None,
    host: Annotated[
        str | None, Query(max_length=MAX_TEXT, description="Only findings of this host.")
    ] = None,
    kind: Annotated[
        str | None,
        Query(
            pattern="^[a-z_]{1,32}$",
            description="Only findings of this kind.",
            examples=["memory_growth"],
        ),
    ] = None,
    state: Annotated[
        Literal["active", "over"] | None, Query(description="Only findings in this state.")
    ] = None,
    severity: Annotated[
        Literal["info", "warning", "critical"] | None,
        Query(description="Only findings that are at least this severe."),
    ] = None,
    limit: Annotated[
        int,
        Query(
            ge=1,
            le=MAX_FINDINGS,
            description="Maximum number of findings; if there are more, the rest are left out.",
        ),
    ] = 100,
) -> FindingsResponse:
    """Return the findings that were active at some time between `start` and `end`."""
    span = parse_span(start, end, unix_milliseconds(), parts.settings.spans.events)
    past, error = ([], None) if state == "active" else await _past(parts, host)
    found = merged(_active(parts, host), past, is_live=parts.live.outage is None)
    least = _SEVERITIES.index(severity) if severity else 0
    chosen = [
        entry
        for entry in found
        if _overlaps(entry, span)
        and kind in (None, entry["kind"])
        and state in (None, entry["state"])
        and _SEVERITIES.index(entry["severity"]) >= least
    ]
    entries = [FindingEntry.model_validate(each) for each in sorted(chosen, key=_order)[:limit]]
    return FindingsResponse(findings=entries, history_error=error)


async def _past(parts: Parts, host: str | None) -> tuple[list[Event], str | None]:
    """Return the stored events of findings, or the reason why they cannot be read."""
    span = parse_span(None, None, unix_milliseconds(), parts.settings.spans.events)
    query = EventQuery(FINDING, span.start, span.end, host, _MAX_EVENTS)
    try:
        return await parts.history.events(query), None
    except HistoryUnavailableError as failure:
        return [], str(failure)


def merged(active: Iterable[Event], past: Iterable[Event], *, is_live: bool) -> list[Entry]:
    """Return each finding once, as it was last reported.

    ``past`` contains the events from the history, oldest first. If ``is_live`` is set,
    ``active`` contains all findings that the broker retains now, so every other finding is over,
    even if its end is not in the history.
    """
    retained = {_key(event): event for event in active}
    newest = {_key(event): event for event in past} | retained
    return [
        {
            **event.body(),
            "id": event.id.partition(".")[0],
            "state": "over" if is_live and key not in retained else event.values["state"],
            "ended": event.timestamp if event.is_end else None,
        }
        for key, event in newest.items()
    ]


def _active(parts: Context, host: str | None) -> Iterator[Event]:
    for update in parts.live.newest.updates(host):
        if isinstance(update.content, Event) and family_of(update.channel) is FINDING:
            yield update.content


def _key(event: Event) -> tuple[str | None, str, object]:
    return event.host, event.channel, event.values["since"]


def _overlaps(entry: Entry, span: Span) -> bool:
    lasts = entry["state"] == "active" or entry["timestamp"] >= span.start
    return bool(lasts and entry["since"] < span.end)


def _order(entry: Entry) -> tuple[bool, int, int]:
    if entry["state"] == "active":
        return False, -_SEVERITIES.index(entry["severity"]), -entry["since"]
    return True, 0, -entry["timestamp"]
