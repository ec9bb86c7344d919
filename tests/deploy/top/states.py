"""Hosts with some values, as the api keeps them."""

from collections.abc import Mapping
from typing import Any

from api.live.newest import Newest, Update
from telemetry.catalogue import CPU, DISK, FINDING, GPU, MEMORY, NETWORK
from telemetry.clock import unix_milliseconds
from telemetry.events import Event
from telemetry.samples import Sample
from telemetry.status import CollectorState, CollectorStatus, SensorReport, SensorState

GIB = 1024**3


def example(*, family: Any, **values: object) -> dict[str, object]:
    """Return the example of a family, with other ``values`` where given."""
    return {field.name: field.example for field in family.fields} | values


def gpu_sample(index: int, host: str = "alpha", **values: object) -> Sample:
    values = {"memory_used": 6 * GIB, "memory_total": 24 * GIB, **values}
    return Sample(f"system/gpu/{index}", host, unix_milliseconds(), example(family=GPU, **values))


def processes_sample(
    index: int, *listed: Mapping[str, object], more: int = 0, host: str = "alpha"
) -> Sample:
    values = {"processes": list(listed), "more": more, "unresolved": 0, "note": None}
    return Sample(f"system/gpu/{index}/processes", host, unix_milliseconds(), values)


def process(pid: int, **values: object) -> dict[str, object]:
    return {
        "pid": pid,
        "name": "python3",
        "command": "python3 train.py",
        "user": "ada",
        "memory_used": 2 * GIB,
        "kind": "compute",
        "started": unix_milliseconds() - 3_700_000,
        "gpu_instance": None,
        **values,
    }


def machine(host: str = "alpha", **cpu: object) -> list[Sample]:
    """Return a sample of each family of the machine."""
    now = unix_milliseconds()
    return [
        Sample(CPU.channel, host, now, example(family=CPU, **cpu)),
        *(
            Sample(each.channel, host, now, example(family=each))
            for each in (MEMORY, DISK, NETWORK)
        ),
    ]


def status(host: str = "alpha", **fields: Any) -> CollectorStatus:
    values: dict[str, Any] = {
        "timestamp": unix_milliseconds(),
        "state": CollectorState.ONLINE,
        "version": "1.2.3",
        "started": unix_milliseconds() - 60_000,
        "interval": 2.0,
        "sensors": {"gpu": SensorReport(SensorState.OK)},
    }
    return CollectorStatus(host, **(values | fields))


def finding(subject: str, severity: str, summary: str, host: str = "alpha") -> Event:
    values = example(family=FINDING, subject=subject, severity=severity, summary=summary)
    values["since"] = unix_milliseconds() - 90_000
    channel = FINDING.channel.format(kind="memory_growth", subject=subject)
    return Event(channel, f"{subject}-1", unix_milliseconds(), host, values)


Content = Sample | Event | CollectorStatus


def newest(*contents: Content, retained: bool = False) -> Newest:
    found = Newest()
    for each in contents:
        assert found.accept(Update(each, retained))
    return found
