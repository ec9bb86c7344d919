"""Serves an overview of all hosts on the bus, for pages that show hundreds of GPUs."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response as HttpResponse
from pydantic import BaseModel, Field, create_model
from starlette.requests import Request

from api.live.newest import HostState, Newest, Update
from api.parameters import NewestRoute
from api.rest import examples
from api.rest.context import PREFIX, documented, operation_id
from api.rest.prebuilt import Prebuilt
from api.rest.responses import HostResponse, Response
from telemetry.catalogue import (
    CPU,
    FINDING,
    GPU,
    GPU_PROCESSES,
    MEMORY,
    Family,
    family_of,
    place_of,
)
from telemetry.clock import unix_milliseconds
from telemetry.events import Event
from telemetry.payloads import event_model, payload_model
from telemetry.samples import Sample
from telemetry.status import CollectorStatus

# ms: how long a response is reused, because building one for 1,000 hosts takes 0.1 s. So a reading
# may appear younger than it is, by up to this time.
_RESOLUTION = 2_000
_READINGS = ("utilization", "memory_used", "memory_total", "temperature", "throttle_reasons")
_FINDING = ("kind", "subject", "severity", "since", "summary")
_SEVERITIES = ("critical", "warning", "info")


def _some(model: type[BaseModel], names: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of ``model`` named in ``names``, as arguments for ``create_model``."""
    return {name: (model.model_fields[name].annotation, model.model_fields[name]) for name in names}


FindingSummary: Any = create_model(
    "FindingSummary",
    __base__=Response,
    __doc__="An active finding, without its evidence.",
    **_some(event_model(FINDING), _FINDING),
)
GpuSummary: Any = create_model(
    "GpuSummary",
    __base__=Response,
    __doc__="The newest readings of a GPU. They show whether it is free, busy or in trouble.",
    id=(str, Field(description="id of the GPU, as in the channel name")),
    **_some(payload_model(GPU), _READINGS),
    processes=(
        int | None,
        Field(
            description="how many processes use the GPU; null if that is not known",
            json_schema_extra={"unit": "processes"},
        ),
    ),
    stale=(bool, Field(description="whether the readings are older than three sampling intervals")),
)


class HostOverview(HostResponse):
    """An overview of one host."""

    stale: bool = Field(
        description="whether all samples of the host are older than three sampling intervals"
    )
    cpu: float | None = Field(
        description="mean utilization of all CPU cores (%)", json_schema_extra={"unit": "%"}
    )
    memory: float | None = Field(
        description="share of the RAM that is in use (%)", json_schema_extra={"unit": "%"}
    )
    gpus: list[GpuSummary] = Field(description="the GPUs, sorted by id")
    findings: list[FindingSummary] = Field(description="the active findings, most severe first")


class OverviewResponse(Response):
    """An overview of all hosts on the bus."""

    hosts: list[HostOverview] = Field(
        description="the hosts from which the server has received a sample or a status, sorted by "
        "name"
    )


router = APIRouter(
    prefix=PREFIX,
    tags=["metrics"],
    route_class=NewestRoute,
    generate_unique_id_function=operation_id,
)


@router.get(
    "/overview",
    response_model=OverviewResponse,
    responses=documented(examples.OVERVIEW, 401, 422),
    summary="All hosts on the bus at a glance: state, findings and GPUs",
)
async def overview(request: Request) -> HttpResponse:
    """Return the newest values received from the bus; the response may be up to 2 s old."""
    newest: Newest = request.app.state.parts.live.newest
    return _prebuilt(newest, unix_milliseconds() // _RESOLUTION).response_to(request)


@lru_cache(maxsize=1)
def _prebuilt(newest: Newest, _period: int) -> Prebuilt:
    now = unix_milliseconds()
    states = sorted(newest.hosts.values(), key=lambda state: state.name)
    hosts = [_host(each, now) for each in states if _is_host(each)]
    return Prebuilt(OverviewResponse(hosts=hosts))


def _is_host(state: HostState) -> bool:
    """Return whether ``state`` contains a sample or a status from a collector.

    One ``HostState`` belongs to no host: it holds the findings that concern no particular host.
    """
    contents = (update.content for update in state.updates.values())
    return any(isinstance(each, Sample | CollectorStatus) for each in contents)


def _host(state: HostState, now: int) -> HostOverview:
    samples = [each for each in state.updates.values() if isinstance(each.content, Sample)]
    memory = _values(state, MEMORY)
    used, total = memory.get("ram_used"), memory.get("ram_total")
    share = 100 * used / total if isinstance(used, int) and isinstance(total, int) else None
    return HostOverview(
        host=state.name,
        state=state.collector_state,
        stale=all(each.age(now) > state.stale_seconds for each in samples),
        cpu=_values(state, CPU).get("utilization"),
        memory=None if share is None else round(share, 1),
        gpus=[_gpu(each, state, now) for each in state.samples(GPU)],
        findings=[FindingSummary(**each) for each in sorted(_findings(state), key=_order)],
    )


def _values(state: HostState, family: Family) -> Mapping[str, Any]:
    update = state.updates.get(family.channel)
    return {} if update is None else update.values


def _gpu(update: Update, state: HostState, now: int) -> BaseModel:
    processes = state.updates.get(GPU_PROCESSES.channel.format(**place_of(update.channel)))
    summary: BaseModel = GpuSummary(
        **place_of(update.channel),
        **{name: update.values.get(name) for name in _READINGS},
        processes=None if processes is None else _count(processes.values),
        stale=update.age(now) > state.stale_seconds,
    )
    return summary


def _count(values: Mapping[str, Any]) -> int | None:
    listed = values.get("processes")
    return None if listed is None else len(listed) + (values.get("more") or 0)


def _findings(state: HostState) -> list[Mapping[str, Any]]:
    contents = (update.content for update in state.updates.values())
    return [
        {name: each.values.get(name) for name in _FINDING}
        for each in contents
        if isinstance(each, Event) and family_of(each.channel) is FINDING
    ]


def _order(values: Mapping[str, Any]) -> tuple[int, int]:
    return _SEVERITIES.index(values["severity"]), -values["since"]
