import threading

import pytest

from telemetry.errors import SensorAbsentError, SensorFailedError
from telemetry.status import SensorState
from tests.collector.running import Ran
from tests.fakes.sensors import (
    AbsentSensor,
    ChangingSensor,
    CountingSensor,
    FailingSensor,
    HangingSensor,
    TroubledSensor,
)
from tests.services.processes import wait_until


def test_an_absent_sensor_reports_the_reason_and_publishes_nothing() -> None:
    with Ran(AbsentSensor("gpu"), CountingSensor()) as ran:
        ran.wait_for_ticks(3)
        report = ran.runner.reports()["gpu"]
    assert report.state is SensorState.ABSENT
    assert report.reason == "There is no such thing here."
    assert report.failures == 0
    assert {sample.channel for sample in ran.samples} == {"system/cpu"}


def test_an_absent_sensor_recovers_by_itself() -> None:
    sensor = TroubledSensor()
    with Ran(sensor) as ran:
        ran.wait_for_state("gpu", SensorState.OK)
        sensor.opening = sensor.reading = SensorAbsentError("The driver has gone.")
        report = ran.wait_for_state("gpu", SensorState.ABSENT)
        assert report.reason == "The driver has gone."
        assert sensor.closed
        wait_until(lambda: sensor.openings >= 3, "it is opened again")
        sensor.opening = sensor.reading = None
        report = ran.wait_for_state("gpu", SensorState.OK)
        assert report.details == {"version": "1"}
        assert report.failures == 0


def test_a_hanging_reading_is_reported_until_it_returns() -> None:
    hanging = HangingSensor()
    with Ran(hanging, hanging_seconds=0.2) as ran:
        report = ran.wait_for_state("disk", SensorState.HANGING)
        assert report.reason == "The sensor has not answered for more than 0.2 s."
        assert report.description == "a counter"
        hanging.release.set()
        report = ran.wait_for_state("disk", SensorState.OK)
    assert report.reason is None
    assert report.failures == 0


def test_a_reading_that_took_too_long_is_discarded_and_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hanging = HangingSensor()
    with Ran(hanging, late_seconds=0.1) as ran:
        ran.wait_for_ticks(6)
        hanging.release.set()
        wait_until(lambda: ran.values("system/disk") != [], "the next reading")
        report = ran.wait_for_state("disk", SensorState.OK)
    assert (
        "Sensor disk is failing: A reading took longer than 0.1 s, so its late values were"
        " discarded: they may be old. If this persists, set a longer interval_seconds."
    ) in caplog.messages
    assert report.failures == 1
    assert 1 not in ran.values("system/disk")
    assert ran.vanished == []


def test_a_partial_failure_is_reported_and_the_samples_are_delivered() -> None:
    sensor = TroubledSensor()
    sensor.reading = SensorFailedError("GPU 1 is lost.")
    with Ran(sensor) as ran:
        report = ran.wait_for_state("gpu", SensorState.FAILING)
        assert report.reason == "GPU 1 is lost."
        assert report.failures >= 1
        assert report.duration_ms is not None
        assert report.description == "a counter"
        assert report.details == {"version": "1"}
        assert ran.values("system/gpu/0")[0] == 1
        sensor.reading = None
        ran.wait_for_state("gpu", SensorState.OK)
    assert sensor.openings == 1


def test_details_are_reported_while_the_sensor_is_open() -> None:
    sensor = TroubledSensor()
    with Ran(sensor, CountingSensor()) as ran:
        assert ran.wait_for_state("gpu", SensorState.OK).details == {"version": "1"}
        assert ran.wait_for_state("cpu", SensorState.OK).details == {}
        sensor.opening = sensor.reading = SensorAbsentError("The driver has gone.")
        report = ran.wait_for_state("gpu", SensorState.ABSENT)
        assert (report.description, report.details) == (None, {})


def test_a_sensor_that_cannot_be_opened_is_retried_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", "collector")
    sensor = TroubledSensor()
    sensor.opening = ValueError("an unexpected line")
    with Ran(sensor) as ran:
        wait_until(lambda: sensor.openings >= 3, "it is retried")
        report = ran.runner.reports()["gpu"]
        assert report.state is SensorState.FAILING
        assert report.reason == "ValueError: an unexpected line"
        assert (report.description, report.details) == (None, {})
        assert sensor.closed
        assert ran.changes == 1
        assert len([record for record in caplog.records if record.exc_info]) == 1
        assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1
        sensor.opening = None
        ran.wait_for_state("gpu", SensorState.OK)


def test_a_sensor_that_cannot_be_closed_still_recovers() -> None:
    class Stuck(TroubledSensor):
        def close(self) -> None:
            raise OSError("no")

    sensor = Stuck()
    sensor.opening = SensorAbsentError("The driver has gone.")
    with Ran(sensor) as ran:
        ran.wait_for_state("gpu", SensorState.ABSENT)
        sensor.opening = None
        ran.wait_for_state("gpu", SensorState.OK)


def test_a_change_of_state_is_announced_once() -> None:
    with Ran(FailingSensor()) as ran:
        ran.wait_for_ticks(4)
        wait_until(lambda: ran.runner.reports()["cpu"].failures >= 3, "three failures")
    assert ran.changes == 1


def test_reports_include_the_duration_of_the_last_reading() -> None:
    with Ran(CountingSensor()) as ran:
        wait_until(lambda: len(ran.samples) >= 1, "a sample")
        wait_until(lambda: ran.runner.reports()["cpu"].state is SensorState.OK, "the report")
        duration = ran.runner.reports()["cpu"].duration_ms
    assert duration is not None
    assert 0 <= duration < 1000


def test_reports_stay_consistent_while_the_sensor_changes_and_never_access_it() -> None:
    class Watchful(TroubledSensor):
        def describe(self) -> str:
            users.add(threading.current_thread().name)
            return super().describe()

    def reports_agree_until_it_changes() -> bool:
        for _ in range(500):
            report = ran.runner.reports()["gpu"]
            assert (report.description is None) == (report.details == {})
            assert report.state is not SensorState.ABSENT or report.description is None
        return ran.changes > changes

    users: set[str] = set()
    sensor = Watchful()
    with Ran(sensor) as ran:
        for trouble in (
            None,
            SensorAbsentError("It has gone."),
            None,
            ValueError("a bad line"),
            None,
        ):
            changes = ran.changes
            sensor.opening = sensor.reading = trouble
            wait_until(reports_agree_until_it_changes, "the next state")
    assert users == {"sensors"}


GPUS = ("system/gpu/0", "system/gpu/1")


def test_a_channel_that_is_no_longer_read_is_reported_as_vanished_once() -> None:
    sensor = ChangingSensor(*GPUS)
    with Ran(sensor) as ran:
        wait_until(lambda: GPUS[1] in {each.channel for each in ran.samples}, "both are read")
        sensor.channels = GPUS[:1]
        wait_until(lambda: ran.vanished != [], "one has vanished")
        ran.wait_for_ticks(len(ran.ticks) + 3)
        assert ran.vanished == [GPUS[1]]
        sensor.channels = GPUS
        before = len(ran.values(GPUS[1]))
        wait_until(lambda: len(ran.values(GPUS[1])) > before, "it is back")
        sensor.reading = SensorAbsentError("The driver has gone.")
        ran.wait_for_state("gpu", SensorState.ABSENT)
        assert ran.vanished == [GPUS[1], *GPUS]


def test_a_channel_that_is_missing_because_of_a_failure_has_not_vanished() -> None:
    sensor = ChangingSensor(*GPUS)
    with Ran(sensor) as ran:
        wait_until(lambda: GPUS[1] in {each.channel for each in ran.samples}, "both are read")
        sensor.reading = SensorFailedError("GPU 1 is lost.")
        sensor.channels = GPUS[:1]
        ran.wait_for_state("gpu", SensorState.FAILING)
        ran.wait_for_ticks(len(ran.ticks) + 3)
        assert ran.vanished == []
        sensor.reading = None
        wait_until(lambda: ran.vanished == [GPUS[1]], "it has vanished")
