"""The responses about runs."""

from typing import Any

from pydantic import Field, create_model

from api.rest.responses import Response, UnixTime
from api.runs.run import RunState
from telemetry.catalogue import RUN
from telemetry.payloads import event_model

_Run: Any = event_model(RUN)
RunEntry: Any = create_model(
    "RunEntry",
    __base__=(Response, _Run),
    __doc__="What is known about a run.",
    id=(str, Field(description="id of the run", examples=["ablation-7-3f9a1c"])),
    timestamp=(
        UnixTime,
        Field(description="Unix time in milliseconds at which the run's state last changed"),
    ),
    state=(
        RunState,
        Field(
            description="state of the run: running, ended or lost. A run is lost if its end is "
            "not known, and its host is silent or no longer reports the run"
        ),
    ),
)


class RunsResponse(Response):
    """One page of runs, newest first."""

    runs: list[RunEntry] = Field(description="the runs")
    next: UnixTime | None = Field(
        description="value of the parameter `end` that selects the next page; null if this is the "
        "last page"
    )
