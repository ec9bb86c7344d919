"""Serves ``/metrics`` for Prometheus: the hosts' newest readings and the monitor's counters."""

import asyncio
import math
from collections.abc import Iterable, Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from starlette.requests import Request

from api.live.newest import HostState
from api.live.subscription import Subscription
from api.rest.context import MAX_TEXT, Context
from api.serving.compression import accepts_gzip, compressed
from telemetry.clock import unix_milliseconds
from telemetry.events import Event
from telemetry.exposition import (
    CONTENT_TYPE,
    MAX_SERIES,
    HostReadings,
    Reading,
    readings_text,
    reports_text,
)
from telemetry.reports import Report
from telemetry.samples import Sample
from telemetry.status import STATUS_SECONDS, CollectorState

_SILENT_SECONDS = 3 * STATUS_SECONDS
_MAX_HOSTS = 1000

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def metrics(
    request: Request,
    parts: Context,
    host: Annotated[
        list[Annotated[str, Query(max_length=MAX_TEXT)]] | None, Query(max_length=_MAX_HOSTS)
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_SERIES)] = MAX_SERIES,
) -> Response:
    """Return the hosts' readings in the Prometheus format.

    ``host`` lists the hosts to include. By default, the response contains the readings of all hosts
    and the monitor's own counters.

    A requested but unknown host is reported as down. A host that could push the
    response past ``limit`` series with readings is left out.
    """
    reports = [] if host else await parts.readiness.reports()
    packs = accepts_gzip(request.headers)
    async with parts.scrapes:
        hosts = _selected(parts.live, host)
        # Build the body in a thread, so that other clients do not wait.
        body = await asyncio.to_thread(_body, reports, hosts, limit, packs=packs)
    headers = {"Content-Encoding": "gzip"} if packs else {}
    return Response(body, headers=headers, media_type=CONTENT_TYPE)


def _body(
    reports: Sequence[Report], hosts: Iterable[HostReadings], limit: int, *, packs: bool
) -> bytes:
    counters = reports_text(reports) if reports else ""
    body = (counters + readings_text(hosts, limit)).encode()
    return compressed(body) if packs else body


def _selected(live: Subscription, names: Sequence[str] | None) -> list[HostReadings]:
    now, states = unix_milliseconds(), live.newest.hosts
    return [
        host_readings(states[name], now, with_states=live.connected)
        if name in states
        else HostReadings(name, up=False)
        for name in dict.fromkeys(names or states)
    ]


def host_readings(state: HostState, now: int, *, with_states: bool) -> HostReadings:
    """Return the newest samples of a host and, if ``with_states`` is set, its findings and runs.

    ``with_states`` must be False while the connection to the broker is lost, because findings and
    runs might have ended since then. ``now`` is in Unix milliseconds.
    """
    stale = state.stale_seconds
    aged = [(update, update.age(now)) for update in state.updates.values()]
    readings = [
        Reading(update.channel, update.values, age, stale=age > stale)
        for update, age in aged
        if isinstance(update.content, Sample)
    ]
    if with_states:
        readings += [
            Reading(update.channel, update.content.values, age, stale=False)
            for update, age in aged
            if isinstance(update.content, Event)
        ]
    youngest = min((age for _, age in aged), default=math.inf)
    is_current = youngest < max(stale, _SILENT_SECONDS)
    up = is_current and state.collector_state is not CollectorState.OFFLINE
    return HostReadings(state.name, up, readings)
