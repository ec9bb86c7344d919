import cmath
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.runner import Runner, next_tick
from telemetry.clock import unix_milliseconds
from telemetry.status import SensorState
from tests.collector.running import INTERVAL, Ran
from tests.fakes.sensors import CountingSensor, FailingSensor, HangingSensor
from tests.services.processes import wait_until


@given(
    st.floats(0, 1e6),
    st.floats(0.1, 60),
    st.floats(0, 1e5),
)
def test_the_next_tick_lies_on_the_grid_within_one_interval(
    start: float, interval: float, later: float
) -> None:
    now = start + later
    tick = next_tick(start, interval, now)
    assert now < tick + 1e-6
    assert tick <= now + interval + 1e-6
    assert (tick - start) / interval == pytest.approx(round((tick - start) / interval), abs=1e-3)


def test_each_tick_reads_each_sensor_once() -> None:
    with Ran(CountingSensor(), CountingSensor("memory", "system/memory")) as ran:
        ran.wait_for_ticks(5)
        wait_until(lambda: len(ran.values("system/cpu")) >= 5, "five readings")
    assert ran.values("system/cpu")[:5] == [1, 2, 3, 4, 5]
    assert ran.values("system/memory")[:5] == [1, 2, 3, 4, 5]


def test_ticks_do_not_drift() -> None:
    with Ran(CountingSensor()) as ran:
        ran.tick_pause = INTERVAL / 5
        ran.wait_for_ticks(20)
    # A tick may be late, even the first, but delays never add up.
    phases = [(tick - ran.ticks[0]) / INTERVAL for tick in ran.ticks]
    angles = [cmath.exp(2j * cmath.pi * phase) for phase in phases]
    assert abs(sum(angles)) > len(angles) / 2  # they agree; phases that drift cancel out


def test_samples_carry_the_time_of_their_reading() -> None:
    before = unix_milliseconds()
    with Ran(CountingSensor()) as ran:
        wait_until(lambda: len(ran.samples) >= 3, "three samples")
    after = unix_milliseconds()
    times = [sample.timestamp for sample in ran.samples]
    assert before <= times[0] < times[1] < times[2] <= after


def test_a_samples_time_is_when_its_reading_began() -> None:
    hanging = HangingSensor()
    with Ran(hanging) as ran:
        ran.wait_for_ticks(1)
        began = unix_milliseconds()
        ran.wait_for_ticks(5)
        hanging.release.set()
        wait_until(lambda: len(ran.samples) >= 1, "the reading")
    assert ran.samples[0].timestamp <= began + 1000 * INTERVAL


def test_a_tick_is_done_once_its_last_sensor_has_been_read() -> None:
    with Ran(CountingSensor(), CountingSensor("memory", "system/memory"), FailingSensor()) as ran:
        ran.wait_for_ticks(5)
    assert {2, 4, 6, 8, 10} <= set(ran.read_by_tick)


def test_a_tick_does_not_wait_for_a_sensor_that_still_hangs() -> None:
    hanging = HangingSensor()
    with Ran(hanging, CountingSensor()) as ran:
        wait_until(lambda: ran.runner.reports()["disk"].missed_ticks >= 2, "two missed ticks")
        ran.wait_for_ticks(2)
        hanging.release.set()


def test_what_has_been_read_does_not_wait_for_a_reading_that_takes_long() -> None:
    hanging = HangingSensor()
    with Ran(CountingSensor(), hanging) as ran:
        wait_until(lambda: 1 in ran.read_by_tick, "the sensor before it")
        hanging.release.set()
        wait_until(lambda: ran.values("system/disk") != [], "the late reading")
        late = next(i for i, each in enumerate(ran.samples, 1) if each.channel == "system/disk")
        wait_until(lambda: ran.read_by_tick[-1] >= late, "it does not wait for the next tick")


def test_sensors_that_hang_again_and_again_leave_no_threads() -> None:
    hanging = HangingSensor()
    threads = threading.active_count()
    with Ran(hanging, CountingSensor()) as ran:
        for missed in (2, 4, 6):
            wait_until(lambda: ran.runner.reports()["disk"].missed_ticks >= missed, "missed ticks")  # noqa: B023 - called at once
            hanging.release.set()
            wait_until(lambda: threading.active_count() == threads + 2, "one reader, one watch")
            hanging.release.clear()
        hanging.release.set()


def test_a_thread_that_cannot_be_started_is_started_later(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = HangingSensor()
    hanging.release.set()
    refused = threading.Event()
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        refused.set()
        raise RuntimeError(f"can't start {thread.name}")

    with Ran(hanging, CountingSensor()) as ran:
        ran.wait_for_ticks(1)
        monkeypatch.setattr(threading.Thread, "start", refuse)
        hanging.release.clear()
        wait_until(refused.is_set, "a thread is refused")
        monkeypatch.setattr(threading.Thread, "start", start)
        count = len(ran.samples)
        wait_until(lambda: len(ran.samples) >= count + 5, "the other sensor is read")
        hanging.release.set()


def test_sensors_that_wait_for_a_thread_that_starts_late_do_not_wait_for_the_next_tick() -> None:
    class Late(Runner):
        threads = 0

        def _read(self) -> None:
            self.threads += 1
            if self.threads > 1:  # it takes over
                time.sleep(0.3)
            super()._read()

    read = threading.Event()
    hanging = HangingSensor(), HangingSensor("memory", "system/memory")
    sensors = (*hanging, CountingSensor())
    runner = Late(sensors, "host", 30, lambda _: read.set(), _nothing, _ignore, _nothing)
    runner.start()
    try:
        assert read.wait(10)
    finally:
        for each in hanging:
            each.release.set()
        runner.stop()


def _nothing() -> None: ...


def _ignore(_: str) -> None: ...


def test_ticks_that_a_busy_machine_skips_are_counted() -> None:
    hanging = HangingSensor()
    with Ran(hanging) as ran:
        ran.wait_for_ticks(1)
        before = ran.runner.reports()["disk"].missed_ticks
        ran.tick_pause = 10 * INTERVAL
        wait_until(
            lambda: ran.runner.reports()["disk"].missed_ticks >= before + 10, "skipped ticks"
        )
        hanging.release.set()


def test_a_failing_sensor_is_reported_and_does_not_affect_the_others() -> None:
    with Ran(FailingSensor("disk"), CountingSensor()) as ran:
        wait_until(lambda: len(ran.values("system/cpu")) >= 3, "readings of the other sensor")
        report = ran.runner.reports()["disk"]
    assert report.state is SensorState.FAILING
    assert report.reason == "OSError: the bus is on fire"
    assert report.failures >= 2


def test_a_hanging_sensor_does_not_delay_the_others_and_its_missed_ticks_are_counted() -> None:
    hanging = HangingSensor()
    with Ran(hanging, CountingSensor()) as ran:
        wait_until(lambda: len(ran.values("system/cpu")) >= 5, "readings of the other sensor")
        assert ran.values("system/disk") == []
        assert ran.runner.reports()["disk"].missed_ticks >= 3
        hanging.release.set()
        wait_until(lambda: len(ran.values("system/disk")) >= 2, "the sensor is back")


def test_a_hanging_sensor_does_not_delay_stopping() -> None:
    hanging = HangingSensor()
    with Ran(hanging) as ran:
        ran.wait_for_ticks(2)
        started = time.monotonic()
        ran.runner.stop()
        assert time.monotonic() - started < 1.5
    hanging.release.set()


def test_stopping_closes_the_sensors() -> None:
    sensor = CountingSensor()
    with Ran(sensor) as ran:
        ran.wait_for_ticks(1)
    assert sensor.closed
