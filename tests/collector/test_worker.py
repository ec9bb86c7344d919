import threading

import pytest

from telemetry.errors import SensorAbsentError, SensorFailedError
from telemetry.status import SensorState
from tests.collector.running import Ran
from tests.fakes.sensors import (
    AbsentSensor,
    CountingSensor,
    FailingSensor,
    HangingSensor,
    TroubledSensor,
)
from tests.services.processes import wait_until


def test_an_absent_sensor_says_why_and_publishes_nothing() -> None:
    with Ran(AbsentSensor("gpu"), CountingSensor()) as ran:
        ran.wait_for_ticks(3)
        report = ran.runner.reports()["gpu"]
    assert report.state is SensorState.ABSENT
    assert report.reason == "There is no such thing here."
    assert report.failures == 0
    assert {sample.channel for sample in ran.samples} == {"system/cpu"}


def test_an_absent_sensor_comes_back_by_itself() -> None:
    sensor = TroubledSensor()
    with Ran(sensor) as ran:
        ran.wait_for_state("gpu", SensorState.OK)
        sensor.opening = sensor.reading = SensorAbsentError("The driver has gone.")
        report = ran.wait_for_state("gpu", SensorState.ABSENT)
        assert report.reason == "The driver has gone."
        assert sensor.closed
        wait_until(lambda: sensor.openings >= 3, "it is looked for again")
        sensor.opening = sensor.reading = None
        report = ran.wait_for_state("gpu", SensorState.OK)
        assert report.details == {"version": "1"}
        assert report.failures == 0


def test_a_reading_that_hangs_is_told_until_it_comes_back() -> None:
    hanging = HangingSensor()
    with Ran(hanging, hanging_seconds=0.2) as ran:
        report = ran.wait_for_state("disk", SensorState.HANGING)
        assert report.reason == "It has not answered for more than 0.2 s."
        assert report.description == "a counter"
        hanging.release.set()
        report = ran.wait_for_state("disk", SensorState.OK)
    assert report.reason is None
    assert report.failures == 0


def test_a_sensor_that_says_what_failed_is_quoted_and_its_samples_are_delivered() -> None:
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


def test_a_sensor_that_cannot_be_opened_is_tried_again_and_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", "collector")
    sensor = TroubledSensor()
    sensor.opening = ValueError("a line that nobody expected")
    with Ran(sensor) as ran:
        wait_until(lambda: sensor.openings >= 3, "it is tried again")
        report = ran.runner.reports()["gpu"]
        assert report.state is SensorState.FAILING
        assert report.reason == "ValueError: a line that nobody expected"
        assert (report.description, report.details) == (None, {})
        assert sensor.closed
        assert ran.changes == 1
        assert len([record for record in caplog.records if record.exc_info]) == 1
        assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1
        sensor.opening = None
        ran.wait_for_state("gpu", SensorState.OK)


def test_a_sensor_that_cannot_be_closed_comes_back_all_the_same() -> None:
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


def test_reports_tell_what_a_reading_cost() -> None:
    with Ran(CountingSensor()) as ran:
        wait_until(lambda: len(ran.samples) >= 1, "a sample")
        wait_until(lambda: ran.runner.reports()["cpu"].state is SensorState.OK, "the report")
        duration = ran.runner.reports()["cpu"].duration_ms
    assert duration is not None
    assert 0 <= duration < 1000


def test_reports_can_be_had_while_the_sensor_changes_without_asking_it() -> None:
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
    assert users == {"sensor-gpu"}
