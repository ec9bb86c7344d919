"""Runs sensors for a test."""

import time
from typing import Self

from collector.runner import Runner
from collector.sensors.port import Sensor
from collector.worker import Timeouts
from telemetry.clock import unix_milliseconds
from telemetry.samples import Sample
from telemetry.status import SensorReport, SensorState
from tests.services.processes import wait_until

INTERVAL = 0.05


class Ran:
    """A runner of ``sensors``, with the samples, changes and ticks it produced."""

    def __init__(
        self, *sensors: Sensor, hanging_seconds: float = 5.0, late_seconds: float = 30.0
    ) -> None:
        self.samples: list[Sample] = []
        self.ages: list[int] = []  # of the samples when they were delivered, in milliseconds
        self.vanished: list[str] = []
        self.changes = 0
        self.tick_pause = 0.0  # seconds that each tick stops the runner for
        self.ticks: list[float] = []
        self.read_by_tick: list[int] = []  # samples delivered by each tick
        self.runner = Runner(
            sensors,
            "host",
            INTERVAL,
            deliver=self._deliver,
            on_change=self._count_change,
            on_vanished=self.vanished.append,
            on_tick=self._count_tick,
            timeouts=Timeouts(late_seconds, hanging_seconds, reopen_seconds=0.1),
        )

    def _deliver(self, sample: Sample) -> None:
        self.ages.append(unix_milliseconds() - sample.timestamp)
        self.samples.append(sample)

    def _count_tick(self) -> None:
        self.read_by_tick.append(len(self.samples))
        self.ticks.append(time.monotonic())
        time.sleep(self.tick_pause)

    def _count_change(self) -> None:
        self.changes += 1

    def __enter__(self) -> Self:
        self.runner.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.runner.stop()

    def wait_for_ticks(self, count: int) -> None:
        wait_until(lambda: len(self.ticks) >= count, f"{count} ticks")

    def wait_for_state(self, name: str, state: SensorState) -> SensorReport:
        """Wait for ``state`` of the sensor ``name``; return its first report with it."""
        reports: list[SensorReport] = []

        def reached() -> bool:
            reports.append(self.runner.reports()[name])
            return reports[-1].state is state

        wait_until(reached, f"{name} is {state}")
        return reports[-1]

    def values(self, channel: str) -> list[object]:
        return [s.values["utilization"] for s in self.samples if s.channel == channel]
