"""The rows of an export as a Parquet file."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from arro3.io import read_parquet

from deploy.export.lines import Rows
from deploy.export.parquet import write

COLUMNS = ["system/cpu.utilization", "system/gpu/0.power"]


def ticks(count: int) -> Iterator[tuple[int, dict[str, float]]]:
    for index in range(count):
        power = {} if index % 2 else {COLUMNS[1]: 200.0}
        yield 1_767_225_600_000 + 2000 * index, {COLUMNS[0]: index / 4, **power}


def written(rows: Rows) -> bytes:
    stream = io.BytesIO()
    write(stream, COLUMNS, rows)
    return stream.getvalue()


def test_a_row_has_its_time_in_utc_and_null_for_an_unknown_value() -> None:
    table = read_parquet(io.BytesIO(written(ticks(2)))).read_all()
    assert table.column_names == ["time", *COLUMNS]
    assert 'Timestamp(ms, "UTC")' in str(table.schema.field("time").type)
    assert table.column("time")[1].as_py() == datetime(2026, 1, 1, 0, 0, 2, tzinfo=UTC)
    assert [each.to_pylist() for each in table.columns[1:]] == [[0.0, 0.25], [200.0, None]]


def test_rows_are_written_as_they_arrive() -> None:
    sizes = []
    stream = io.BytesIO()

    def counted() -> Iterator[tuple[int, dict[str, float]]]:
        for row in ticks(50_000):
            sizes.append(len(stream.getbuffer()))
            yield row

    write(stream, COLUMNS, counted())
    assert 0 < sizes[25_000] < sizes[-1]
    assert read_parquet(io.BytesIO(stream.getvalue())).read_all().num_rows == 50_000


def test_if_the_server_fails_the_file_has_the_rows_so_far() -> None:
    def failing() -> Iterator[tuple[int, dict[str, float]]]:
        yield from ticks(1500)
        raise ValueError("the server stopped")

    stream = io.BytesIO()
    with pytest.raises(ValueError, match="the server stopped"):
        write(stream, COLUMNS, failing())
    assert read_parquet(io.BytesIO(stream.getvalue())).read_all().num_rows == 1500


def test_a_full_disk_is_an_error_of_the_system_and_ends_the_reading() -> None:
    read = []

    def counted() -> Iterator[tuple[int, dict[str, float]]]:
        for row in ticks(200_000):
            read.append(row)
            yield row

    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(OSError, match="space"):
        write(full, COLUMNS, counted())
    assert len(read) < 200_000
