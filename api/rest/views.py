"""Builds the typed responses from a host's state."""

from collections.abc import Iterable, Mapping
from typing import Any

from api.errors import UnknownHostError, quote
from api.live.newest import HostState, Update
from api.rest.responses import (
    GpusResponse,
    HostEntry,
    HostResponse,
    MetricsResponse,
    PartResponse,
    SensorResponse,
)
from telemetry.catalogue import GPU, GPU_MIG, GPU_PROCESSES, SAMPLES, Family, place_of
from telemetry.reports import Report
from telemetry.status import CollectorState

_LISTED_HOSTS = 5
_GPU_SENSOR = "gpu"


def choose_host(requested: str | None, preferred: str, known: Iterable[str]) -> str:
    """Return ``requested``, or a default host if ``requested`` is None.

    The default is ``preferred`` if ``known`` contains it, otherwise the first host in ``known``.
    Raises UnknownHostError if ``known`` is empty or lacks the requested host.
    """
    hosts = list(known)
    if not hosts:
        raise UnknownHostError(
            "No hosts are known yet; check that a collector is running and uses the API's broker."
        )
    if requested is None:
        return preferred if preferred in hosts else hosts[0]
    if requested not in hosts:
        listed = ", ".join(quote(host) for host in hosts[:_LISTED_HOSTS])
        more = f" and {len(hosts) - _LISTED_HOSTS} more" if len(hosts) > _LISTED_HOSTS else ""
        raise UnknownHostError(
            f"Host {quote(requested)} is not known; known hosts: {listed}{more}."
        )
    return requested


def metrics_of(state: HostState, now: int) -> HostResponse:
    """Return the newest sample of each channel; ``now`` is in Unix milliseconds."""
    families: dict[str, Any] = {}
    for family in SAMPLES:
        samples = [_with_freshness(update, state, now) for update in state.samples(family)]
        families[family.name] = samples if family.several else next(iter(samples), None)
    response: HostResponse = MetricsResponse(**_host(state), **families)
    return response


def gpus_of(state: HostState, now: int) -> GpusResponse:
    """Return all GPUs, or why there are none; ``now`` is in Unix milliseconds."""
    instances = [_with_freshness(update, state, now) for update in state.samples(GPU_MIG)]
    gpus = [_gpu_entry(update, instances, state, now) for update in state.samples(GPU)]
    report = state.status.sensors.get(_GPU_SENSOR) if state.status else None
    return GpusResponse(
        **_host(state),
        gpus=gpus,
        driver_version=report.details.get("driver_version") if report else None,
        reason=(report.reason if report else None) or _missing_gpu(state, GPU, gpus),
    )


def _gpu_entry(
    update: Update, instances: Iterable[dict[str, Any]], state: HostState, now: int
) -> dict[str, Any]:
    entry = _with_freshness(update, state, now)
    processes = state.updates.get(GPU_PROCESSES.channel.format(**place_of(update.channel)))
    entry["processes"] = _with_freshness(processes, state, now) if processes else None
    # Leave out an instance that is stale while its GPU is not: the instance has been removed.
    entry["mig"] = [
        each
        for each in instances
        if each["id"] == entry["id"] and (entry["stale"] or not each["stale"])
    ]
    return entry


def host_entry(state: HostState) -> HostEntry:
    """Return the entry of a host on the bus, with the host's status if known."""
    status = state.status
    if status is None:
        return unreported_host(state.name, state.timestamp)
    return HostEntry(
        host=state.name,
        state=state.collector_state,
        version=status.version,
        started=status.started,
        interval=status.interval,
        timestamp=state.timestamp,
        sensors={
            name: SensorResponse.model_validate(report) for name, report in status.sensors.items()
        },
        waiting=status.waiting,
        dropped=status.dropped,
    )


def unreported_host(name: str, timestamp: int | None = None) -> HostEntry:
    """Return the entry of a host whose status is unknown."""
    return HostEntry(
        host=name,
        state=None,
        version=None,
        started=None,
        interval=None,
        timestamp=timestamp,
        sensors={},
        waiting=None,
        dropped=None,
    )


def part_response(report: Report) -> PartResponse:
    """Return a part's report as a response."""
    counters = {
        count.name: dict(count.value) if isinstance(count.value, Mapping) else count.value
        for count in report.counts
    }
    return PartResponse(
        ready=report.problem is None,
        reason=report.problem,
        notes=list(report.notes),
        counters=counters,
    )


def _host(state: HostState) -> dict[str, Any]:
    return {"host": state.name, "state": state.collector_state}


def _with_freshness(update: Update, state: HostState, now: int) -> dict[str, Any]:
    age = update.age(now)
    return {
        **update.values,
        "host": update.host,
        "timestamp": update.content.timestamp,
        **place_of(update.channel),
        "age_seconds": round(age, 3),
        "stale": age > state.stale_seconds,
    }


def _missing_gpu(state: HostState, family: Family, found: list[Any]) -> str | None:
    if found:
        return None
    if state.status is None:
        return f"The collector of {state.name} has not reported its GPUs yet."
    online = state.collector_state is CollectorState.ONLINE
    if online and _GPU_SENSOR not in state.status.sensors:
        return f"GPU monitoring of {state.name} is disabled (setting disabled_sensors)."
    return f"No samples on {family.channel_filter} have arrived from {state.name} yet."
