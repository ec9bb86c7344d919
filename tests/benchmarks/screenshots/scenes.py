"""The states that the dashboard is looked at in, each a small function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from playwright.sync_api import Page

from tests.benchmarks.screenshots.machines import Machine

MINUTE = 60_000  # ms


class Parts(Protocol):
    """What can be taken away from the page."""

    def stop_broker(self) -> None:
        """Stop the broker."""

    def stop_api(self) -> None:
        """Stop the api."""


@dataclass(frozen=True)
class Scene:
    """A state of the page.

    ``badge`` is the badge that shows it. ``trouble`` happens after the page has opened.
    """

    machines: tuple[Machine, ...]
    findings: tuple[Mapping[str, Any], ...] = ()
    view: Mapping[str, str] = field(default_factory=dict)
    days: bool = False  # seven days of history, not an hour
    badge: str = "live"
    trouble: Callable[[Page, Parts], None] = lambda _page, _parts: None


def one(host: str, gpus: int, **more: Any) -> Scene:
    """Return a machine without problems."""
    return Scene((Machine(host, gpus),), **more)


def leak() -> Scene:
    """Let the memory of the last GPU grow until it is full."""
    growth = finding(
        "memory_growth",
        "gpu7",
        "critical",
        summary="GPU 7: memory grows by 11.2 GiB/h; full in 18 to 26 min",
        advice="Save a checkpoint soon, and look for tensors that outlive their step.",
    )
    return Scene((Machine("gpu-07", leak=11.2),), (growth,), {"gpu": "7"})


def throttled() -> Scene:
    """Let GPU 2 be too hot."""
    hot = {
        "temperature": 88,
        "temperature_margin": -1,
        "sm_clock": 1215,
        "throttle_reasons": ["hw_thermal_slowdown"],
        "throttle_shares": {"hw_thermal_slowdown": 71.0, "sw_power_cap": 4.0},
    }
    heat = finding(
        "throttling",
        "gpu2",
        "warning",
        summary="GPU 2 is too hot: slowed down in 71% of the last 5 min, to 61% of its clock",
        advice="Improve its cooling, or lower its power limit.",
    )
    return Scene((Machine("gpu-07", changes={2: hot}),), (heat,), {"gpu": "2"})


def idle_held() -> Scene:
    """Let a process hold the memory of GPU 5 without using the GPU."""
    idle = {"utilization": 0, "power": 112, "temperature": 38, "sm_clock": 345}
    held = finding(
        "idle_gpu",
        "gpu5",
        "info",
        summary="GPU 5 has been idle for 52 min while python3 (ada) holds 60 GiB of it",
        advice="Stop the process if nobody needs it.",
    )
    return Scene((Machine("gpu-07", changes={5: idle}),), (held,), {"gpu": "5"})


def faulted() -> Scene:
    """Give GPU 3 memory errors that could not be corrected."""
    errors = {"ecc_errors_uncorrected_volatile": 3, "remapping_pending": 1}
    ecc = finding(
        "hardware",
        "gpu3",
        "critical",
        summary="GPU 3: 3 uncorrectable ECC errors since the driver was loaded",
        advice="Stop its jobs, reset the GPU, and replace it if the errors return.",
    )
    return Scene((Machine("gpu-07", changes={3: errors}),), (ecc,), {"gpu": "3"})


def stale() -> Scene:
    """Let nothing arrive for 4 minutes."""

    def wait(page: Page, _parts: Parts) -> None:
        page.clock.fast_forward(4 * MINUTE)

    return Scene((Machine("gpu-07", interval=2.0),), badge="stale", trouble=wait)


def offline() -> Scene:
    """Stop the collector."""
    return Scene((Machine("gpu-07", state="offline"),), badge="offline")


def without_broker() -> Scene:
    """Stop the broker."""

    def stop(page: Page, parts: Parts) -> None:
        parts.stop_broker()
        page.clock.fast_forward(MINUTE)

    return Scene((Machine("gpu-07", interval=2.0),), badge="stale", trouble=stop)


def without_api() -> Scene:
    """Stop the server of the page."""

    def stop(page: Page, parts: Parts) -> None:
        parts.stop_api()
        page.clock.fast_forward(MINUTE)

    return Scene((Machine("gpu-07", interval=2.0),), badge="reconnecting", trouble=stop)


def fleet() -> Scene:
    """Return 25 hosts with eight GPUs each, some of them with a problem."""
    hosts = [f"gpu-{number:02}.cluster.example" for number in range(1, 26)]
    machines = tuple(
        Machine(host, busy=index % 6 != 5, leak=9.0 * (index == 3))
        for index, host in enumerate(hosts)
    )
    advice = {"advice": "Look at the machine."}
    problems = (
        finding(
            "memory_growth", "gpu7", "critical", host=hosts[3], summary="GPU 7 grows", **advice
        ),
        finding("idle_gpu", "gpu1", "info", host=hosts[8], summary="GPU 1 is idle", **advice),
        finding("straggler", "gpu4", "warning", host=hosts[12], summary="GPU 4 is slow", **advice),
    )
    return Scene(machines, problems, {"page": "hosts"})


def finding(kind: str, subject: str, severity: str, **values: Any) -> Mapping[str, Any]:
    """Return a finding that began half an hour ago."""
    return {"kind": kind, "subject": subject, "severity": severity, **values}


SCENES: Mapping[str, Callable[[], Scene]] = {
    "gpus-0": lambda: one("login-1", 0),
    "gpus-1": lambda: one("workstation", 1),
    "gpus-2": lambda: one("workstation", 2),
    "gpus-8": lambda: one("gpu-07", 8),
    "leak": leak,
    "throttled": throttled,
    "idle-held": idle_held,
    "ecc": faulted,
    "stale": stale,
    "offline": offline,
    "broker-away": without_broker,
    "api-away": without_api,
    "fleet": fleet,
    "week": lambda: one("workstation", 2, view={"range": "7d"}, days=True),
}
