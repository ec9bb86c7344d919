"""A span of any length is read in requests of a limited size, without gaps or repetitions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from deploy.export.rows import plan, read
from deploy.export.server import Answer, ExportError, Selection
from telemetry.history.port import Columns

HOUR = 3_600_000
DAY = 24 * HOUR
NOW = 1_767_225_600_000
ALL = Selection()


@dataclass
class FakeServer:
    """Keeps some channels, each with one field; answers with a bucket if there are too many."""

    channels: Mapping[str, Mapping[int, float | None]]
    keeps_since: int = 0
    minutes_until: int = 0
    requests: list[tuple[int, int, int]] = field(default_factory=list)

    def read(self, selection: Selection, start: int, end: int, max_points: int) -> Answer:
        assert selection.host in (None, "alpha")
        self.requests.append((start, end, max_points))
        start = max(start, self.keeps_since)
        found = {}
        for name, points in self.channels.items():
            inside = {time: value for time, value in points.items() if start <= time < end}
            if len(inside) > max_points:
                found[name] = Columns([start], {"x": [0.0]}, bucket_width=end - start)
            elif inside:
                times = list(inside)
                width = 60_000 if times[-1] < self.minutes_until else None
                found[name] = Columns(times, {"x": list(inside.values())}, width)
        return Answer("alpha", start, found)


def exported(server: FakeServer, start: int, end: int) -> list[tuple[int, dict[str, float]]]:
    return list(read(server, plan(server, ALL, start, end)))


def ticks(start: int, end: int, step: int, late: int = 0) -> Iterator[tuple[int, float]]:
    return ((time + late, float(time - start)) for time in range(start, end, step))


def test_an_hour_of_samples_is_complete_and_each_tick_is_one_row() -> None:
    """Requests are cut anywhere, also between the samples of one tick."""
    first = NOW - HOUR + 1
    cpu = dict(ticks(first, NOW - 100, 2000))
    gpu = dict(ticks(first, NOW - 100, 2000, late=7))
    server = FakeServer({"cpu": cpu, "gpu": gpu})
    rows = exported(server, NOW - HOUR, NOW)
    assert [time for time, _ in rows] == list(cpu)
    assert all(values["cpu.x"] == values["gpu.x"] for _, values in rows)


def test_no_request_asks_for_more_points_than_its_answer_may_have() -> None:
    server = FakeServer({"cpu": dict(ticks(NOW - HOUR, NOW, 100))})
    rows = exported(server, NOW - HOUR, NOW)
    assert len(rows) == 36_000
    answered = [end - start for start, end, _ in server.requests[1:]]
    assert min(answered) > 10_000
    assert len(answered) < 1000


def test_days_of_minutes_take_few_requests() -> None:
    minutes = dict(ticks(NOW - 30 * DAY, NOW, 60_000))
    server = FakeServer({"cpu": minutes}, minutes_until=NOW)
    rows = exported(server, NOW - 30 * DAY, NOW)
    assert [time for time, _ in rows] == list(minutes)
    assert len(server.requests) < 30 * 5


def test_columns_that_appear_later_are_in_the_plan() -> None:
    server = FakeServer({"cpu": {NOW - 20 * DAY: 1.0}, "gpu": {NOW - 2 * DAY: 2.0}})
    assert plan(server, ALL, NOW - 30 * DAY, NOW).columns == ("cpu.x", "gpu.x")


def test_the_time_before_the_history_takes_no_requests() -> None:
    server = FakeServer({"cpu": {NOW - HOUR: 1.0}}, keeps_since=NOW - 7 * DAY)
    assert plan(server, ALL, 0, NOW).start == NOW - 7 * DAY
    assert exported(server, 0, NOW) == [(NOW - HOUR, {"cpu.x": 1.0})]
    assert len(server.requests) < 50


def test_the_requests_of_an_export_overlap_nowhere_else_than_in_a_row_that_was_held_back() -> None:
    server = FakeServer({"cpu": dict(ticks(NOW - HOUR, NOW, 2000))})
    exported(server, NOW - HOUR, NOW)
    spans = [(start, end) for start, end, points in server.requests if points > 1]
    answered = [each for each, after in pairwise([*spans, (NOW, NOW)]) if after[0] > each[0]]
    assert answered[0][0] == NOW - HOUR
    assert answered[-1][1] == NOW
    for (_, end), (start, _) in pairwise(answered):
        assert end - 4000 <= start <= end


def test_rows_without_values_are_left_out() -> None:
    server = FakeServer({"cpu": {NOW - 4000: 1.0, NOW - 3000: None, NOW - 2000: 2.0}})
    rows = exported(server, NOW - HOUR, NOW)
    assert rows == [(NOW - 4000, {"cpu.x": 1.0}), (NOW - 2000, {"cpu.x": 2.0})]


def test_more_samples_than_can_be_asked_for_are_an_error() -> None:
    server = FakeServer({"cpu": dict.fromkeys(range(NOW - 2000, NOW), 1.0)})
    with pytest.raises(ExportError, match="choose fewer columns"):
        exported(server, NOW - 4000, NOW)
