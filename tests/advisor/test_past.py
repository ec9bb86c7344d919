"""The past of a host, as a restarted advisor reads it from a real history."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from advisor.detectors.idle_gpu import IdleGpu
from advisor.past import MOST_ROWS, Newest, Past
from telemetry.clock import unix_milliseconds
from telemetry.history.influxdb import InfluxdbReader, InfluxdbWriter
from telemetry.history.port import HistoryReader, HistoryWriter, Record
from telemetry.history.sqlite import SqliteReader, SqliteWriter
from telemetry.history.window import Spans
from telemetry.samples import Sample
from tests.advisor.series import findings_in
from tests.services.influxdb import Influxdb
from tests.states import finding, run

HOUR = 3_600_000
GB = 10**9
NOW = unix_milliseconds() // 60_000 * 60_000
SPANS = Spans(HOUR, minutes=7 * 24 * HOUR)
GPU, PROCESSES = "system/gpu/0", "system/gpu/0/processes"


class History:
    """A history in ``file`` or in a bucket of ``server``, and the time at which it is read."""

    def __init__(self, file: Path, server: Influxdb | None = None) -> None:
        self.now = NOW
        clock = partial(getattr, self, "now")
        self.writer: HistoryWriter = SqliteWriter(file, SPANS, clock)
        self.reader: HistoryReader = SqliteReader(file, SPANS, clock)
        if server is not None:
            place = server.url, server.token, server.org, server.new_bucket()
            self.writer = InfluxdbWriter(*place, SPANS, clock)
            self.reader = InfluxdbReader(*place, SPANS, clock)
        self.past = Past(self.reader, SPANS, clock)
        self.writer.open()
        self.past.open()

    def store(self, *records: Record, at: int | None = None) -> None:
        """Store ``records`` at the time ``at``, and make their minutes."""
        self.now = NOW if at is None else at
        self.writer.write(records)
        while self.writer.roll_up():
            pass
        self.now = NOW

    def samples(self, newest: Newest | None = None) -> list[Sample]:
        return list(self.past.samples("alpha", newest or {}))


@pytest.fixture(params=["sqlite", "influxdb"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[History]:
    server = request.getfixturevalue("influxdb") if request.param == "influxdb" else None
    history = History(tmp_path / "history.sqlite3", server)
    with closing(history.writer), closing(history.reader):
        yield history


def gpu(age: int, used: float, **more: Any) -> Sample:
    values = {"utilization": 50.0, "memory_used": used, "memory_total": 80 * GB, **more}
    return Sample(GPU, "alpha", NOW - age, values)


def listing(*memories: int, started: int | None = None) -> Sample:
    listed = [
        {"pid": pid, "memory_used": memory, "started": started}
        for pid, memory in enumerate(memories)
    ]
    return Sample(PROCESSES, "alpha", NOW, {"processes": listed})


def test_recent_samples_come_back_with_their_numbers(history: History) -> None:
    cores = [float(number) for number in range(12)]
    shares, rates = {"sw_power_cap": 5.0}, {"read_rate": 1.0, "write_rate": 2.0}
    stored = [
        Sample("system/cpu", "alpha", NOW - 4000, {"utilization": 5.0, "per_core": cores}),
        gpu(3000, GB, throttle_shares=shares, throttle_reasons=["sw_power_cap"]),
        Sample("system/disk", "alpha", NOW - 2000, {**rates, "per_device": {"sd.a": rates}}),
    ]
    history.store(*stored)
    cpu, first, disk = history.samples()
    assert [each.timestamp for each in (cpu, first, disk)] == [NOW - 4000, NOW - 3000, NOW - 2000]
    assert cpu.values["per_core"] == cores
    assert first.values["throttle_shares"] == shares
    assert first.values["memory_used"] == GB
    assert first.values.get("throttle_reasons") is None
    assert disk.values["per_device"] == {"sd.a": rates}
    assert disk.values["write_rate"] == 2.0


# InfluxDB does not store samples that were in the window once.
@pytest.mark.parametrize("history", ["sqlite"], indirect=True)
def test_the_memory_of_days_comes_first_as_the_lowest_of_each_bucket(history: History) -> None:
    age = 30 * HOUR
    history.store(*(gpu(age - 2000 * each, GB * (each + 1)) for each in range(5)), at=NOW - age)
    history.store(gpu(1000, 9 * GB))
    old, recent = history.samples()
    assert (old.values["memory_used"], old.values["memory_total"]) == (GB, 80 * GB)
    assert abs(NOW - age - old.timestamp) < HOUR
    assert old.values.get("utilization") is None
    assert recent.values["memory_used"] == 9 * GB


def test_the_texts_of_the_newest_sample_are_added(history: History) -> None:
    history.store(gpu(5000, GB))
    (sample,) = history.samples({GPU: gpu(0, GB, memory_kind="unified", throttle_reasons=["x"])})
    assert sample.values["memory_kind"] == "unified"
    assert sample.values.get("throttle_reasons") is None


def test_the_only_process_of_a_gpu_gets_its_memory_of_the_past(history: History) -> None:
    history.store(gpu(9000, 5 * GB), gpu(6000, 10 * GB), gpu(3000, 20 * GB))
    newest = {GPU: gpu(0, 31 * GB), PROCESSES: listing(30 * GB, started=NOW - 7000)}
    samples = history.samples(newest)
    assert [each.channel for each in samples] == [GPU, GPU, PROCESSES, GPU, PROCESSES]
    memories = [
        each.values["processes"][0]["memory_used"]  # type: ignore[index]
        for each in samples
        if each.channel == PROCESSES
    ]
    assert memories == [9 * GB, 19 * GB]


def test_the_memory_of_a_gpu_with_several_processes_is_left_out(history: History) -> None:
    history.store(gpu(3000, 20 * GB))
    newest = {GPU: gpu(0, 31 * GB), PROCESSES: listing(15 * GB, 15 * GB)}
    (sample,) = history.samples(newest)
    assert sample.values["memory_used"] is None
    assert sample.values["utilization"] == 50.0


def test_the_rows_are_limited(history: History) -> None:
    history.store(*(gpu(2000 * each, GB) for each in range(1700)))
    (*several,) = (
        Sample(f"system/gpu/{number}", "alpha", NOW - 1, {"memory_used": 1.0})
        for number in range(1, 20)
    )
    history.store(*several)
    of_first = [each for each in history.samples() if each.channel == GPU]
    assert len(of_first) <= MOST_ROWS // 20


def test_an_idle_gpu_stays_idle_where_the_buckets_of_the_past_meet_the_live_samples(
    history: History,
) -> None:
    def idle(second: int) -> Sample:
        power = {"power": 121.0, "power_average": 121.0, "energy": 121.0 * (10_000 + second)}
        used = 17 * GB if second > -1800 else 0.0
        return gpu(-1000 * second, used, utilization=0.0, **power)

    others = (
        Sample(f"system/gpu/{each}", "alpha", NOW - 1, {"power": 1.0}) for each in range(1, 9)
    )
    history.store(*(idle(second) for second in range(-3598, 0, 2)), *others)
    past = [each for each in history.samples() if each.channel == GPU]
    assert len(past) < 1799
    (begin,) = findings_in(past, IdleGpu)
    live = [idle(second) for second in range(0, 1200, 2)]
    assert findings_in([*past, *live], IdleGpu) == [begin]


def test_other_hosts_and_an_empty_history_have_no_past(history: History) -> None:
    assert history.samples() == []
    history.store(gpu(1000, GB))
    assert list(history.past.samples("beta", {})) == []


def test_the_newest_event_of_each_finding_is_known(history: History) -> None:
    other = "system/findings/idle_gpu/gpu0"
    events = [
        finding("growth", NOW - 5000),
        finding("growth.end", NOW - 4000, state="over", expected=None),
        finding("idle", NOW - 3000, channel=other),
        finding("idle.warning", NOW - 2000, channel=other),
        finding("theirs", NOW - 1000, "beta"),
    ]
    history.store(*events, run(timestamp=NOW))
    assert {each.id for each in history.past.findings()} == {"growth.end", "idle.warning", "theirs"}
