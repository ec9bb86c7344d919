"""Points of several channels become the rows of one table."""

import csv
import io
from collections.abc import Mapping

import pytest

from api.rest.table import Row, column_names, csv_chunks, rows
from telemetry.history.port import Aggregate, Columns

START = 1_767_225_600_000
MINUTE = 60_000


def points(
    values: Mapping[int, float | None],
    field: str = "x",
    *,
    width: int | None = None,
    seam: int | None = None,
) -> Columns:
    """Return a channel with one field; the times are milliseconds after START."""
    times = [START + time for time in values]
    return Columns(times, {field: list(values.values())}, width, None if seam is None else seam)


def table(aggregate: Aggregate = Aggregate.MEAN, **channels: Columns) -> list[Row]:
    """Return the rows; their times are milliseconds after START."""
    return [(time - START, cells) for time, cells in rows(channels, aggregate)]


def test_the_samples_of_a_tick_share_a_row_with_the_time_of_the_first() -> None:
    cpu = points({3: 1.0, 2001: 2.0})
    gpu = points({0: 10.0, 2008: 20.0})
    assert table(cpu=cpu, gpu=gpu) == [(0, [1.0, 10.0]), (2001, [2.0, 20.0])]


def test_samples_of_different_ticks_do_not_share_a_row() -> None:
    cpu = points({0: 1.0, 2000: 2.0, 4000: 3.0})
    gpu = points({0: 10.0, 4000: 30.0})
    assert table(cpu=cpu, gpu=gpu) == [
        (0, [1.0, 10.0]),
        (2000, [2.0, None]),
        (4000, [3.0, 30.0]),
    ]


def test_two_samples_of_one_channel_never_share_a_row() -> None:
    cpu = points({0: 1.0, 30: 2.0, 2000: 3.0, 4000: 4.0})
    assert [time for time, _ in table(cpu=cpu)] == [0, 30, 2000, 4000]


def test_the_fastest_channel_decides_how_close_samples_of_one_row_are() -> None:
    fast = points({time: float(time) for time in range(0, 1000, 100)})
    slow = points({3: 1.0, 150: 2.0, 297: 3.0})
    found = table(fast=fast, slow=slow)
    assert len(found) == 10 + 1
    assert found[:3] == [(0, [0.0, 1.0]), (100, [100.0, None]), (150, [None, 2.0])]
    assert found[4] == (297, [300.0, 3.0])


def test_single_samples_of_one_tick_share_a_row() -> None:
    assert table(cpu=points({0: 1.0}), gpu=points({9: 2.0})) == [(0, [1.0, 2.0])]


def test_equal_buckets_share_a_row() -> None:
    cpu = points({0: 1.0, 10_000: 2.0}, width=10_000)
    gpu = points({10_000: 20.0, 20_000: 30.0}, width=10_000)
    assert table(cpu=cpu, gpu=gpu) == [
        (0, [1.0, None]),
        (10_000, [2.0, 20.0]),
        (20_000, [None, 30.0]),
    ]


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        (Aggregate.MEAN, 20.0),
        (Aggregate.MIN, 10.0),
        (Aggregate.MAX, 30.0),
        (Aggregate.LAST, 30.0),
    ],
)
def test_samples_join_the_bucket_of_another_channel_that_contains_them(
    aggregate: Aggregate, expected: float
) -> None:
    cpu = points({0: 1.0, 10_000: 2.0}, width=10_000)
    gpu = points({9_999: 5.0, 10_000: 10.0, 12_000: None, 14_000: 30.0})
    assert table(aggregate, cpu=cpu, gpu=gpu) == [(0, [1.0, 5.0]), (10_000, [2.0, expected])]


def test_samples_outside_every_bucket_have_rows_of_their_own() -> None:
    cpu = points({10_000: 2.0}, width=10_000)
    gpu = points({8_000: 5.0, 10_000: 7.0, 20_000: 9.0})
    assert table(cpu=cpu, gpu=gpu) == [
        (8_000, [None, 5.0]),
        (10_000, [2.0, 7.0]),
        (20_000, [None, 9.0]),
    ]


def test_narrow_buckets_join_the_wide_one_that_contains_them() -> None:
    """A store may use wider buckets for a channel with very many fields."""
    wide = points({0: 1.0, 20_000: 2.0}, width=20_000)
    narrow = points({0: 1.0, 10_000: 3.0, 20_000: 5.0}, width=10_000)
    assert table(wide=wide, narrow=narrow) == [(0, [1.0, 2.0]), (20_000, [2.0, 5.0])]


def test_minutes_and_the_samples_after_them_keep_their_own_rows() -> None:
    seam = START + 2 * MINUTE
    cpu = points({0: 1.0, MINUTE: 2.0, 2 * MINUTE + 3: 3.0, 2 * MINUTE + 2003: 4.0}, seam=seam)
    gpu = points({MINUTE: 20.0, 2 * MINUTE: 30.0, 2 * MINUTE + 2000: 40.0}, seam=seam)
    assert table(cpu=cpu, gpu=gpu) == [
        (0, [1.0, None]),
        (MINUTE, [2.0, 20.0]),
        (2 * MINUTE, [3.0, 30.0]),
        (2 * MINUTE + 2000, [4.0, 40.0]),
    ]


def test_an_outage_of_all_channels_is_a_row_without_values() -> None:
    cpu = points({0: 1.0, 2000: 2.0, 4000: None, 60_000: 3.0})
    gpu = points({5: 1.0, 2005: 2.0, 4005: None, 60_005: 3.0})
    assert table(cpu=cpu, gpu=gpu)[2] == (4000, [None, None])


def test_nothing_is_a_table_with_a_header_only() -> None:
    assert "".join(csv_chunks({}, Aggregate.MEAN)) == "time\r\n"


HOSTILE = ("=1+2", "@SUM(A1)", "-2+3", 'a"b', "a,b", "a\r\nb", "\t=1", "'")


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_from_the_bus_becomes_a_formula_or_another_cell(name: str) -> None:
    field = f"per_device.{name}.read_rate"
    channels = {"system/disk": Columns([START], {field: [-1.5]})}
    text = "".join(csv_chunks(channels, Aggregate.MEAN))
    header, row = csv.reader(io.StringIO(text, newline=""))
    assert header == ["time", *column_names(channels)]
    assert header[1] == f"system/disk.{field}"
    assert row == ["2026-01-01T00:00:00.000Z", "-1.5"]


def test_a_large_table_comes_in_pieces() -> None:
    channels = {"system/cpu": points(dict.fromkeys(range(0, 10000000, 2000), 1.5))}
    pieces = list(csv_chunks(channels, Aggregate.MEAN))
    assert len(pieces) > 2
    assert max(map(len, pieces)) < 70_000
    assert "".join(pieces).count("\r\n") == 5001
