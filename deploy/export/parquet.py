"""Writes the rows of an export as a Parquet file. Imports arro3, an optional library."""

from collections.abc import Iterator, Mapping, Sequence
from io import RawIOBase
from itertools import islice
from typing import Any, BinaryIO

from arro3.core import Array, DataType, Field, RecordBatch, RecordBatchReader, Schema
from arro3.io import write_parquet

from deploy.export.lines import Rows

_ROWS = 1_000  # rows converted at once
_GROUP_ROWS = 20_000  # rows of a group, which a reader loads at once: 11 hours of ticks
_TIME = DataType.timestamp("ms", tz="UTC")
_NUMBER = DataType.float64()


def write(stream: BinaryIO, columns: Sequence[str], rows: Rows) -> None:
    """Write ``rows`` to ``stream`` as they arrive.

    In the file, each row has a time in UTC and, for each column, a number or null. If reading
    ``rows`` fails, the error is raised, but the file is valid and contains the rows read so far.
    Raises OSError if writing fails.
    """
    target, source = _Target(stream), _Source(rows)
    schema = Schema([Field("time", _TIME), *(Field(name, _NUMBER) for name in columns)])
    batches = _batches(schema, columns, iter(source), target)
    file: Any = target  # it has only the methods that arro3 calls
    write_parquet(
        RecordBatchReader.from_batches(schema, batches), file, max_row_group_size=_GROUP_ROWS
    )
    if error := target.error or source.error:
        raise error


class _Source:
    """Yields rows until reading fails, and stores the error: arro3 would raise a different one."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.error: Exception | None = None

    def __iter__(self) -> Iterator[tuple[int, Mapping[str, float]]]:
        try:
            yield from self._rows
        except Exception as error:  # noqa: BLE001 - `write` raises it
            self.error = error


class _Target(RawIOBase):
    """Stores the first error of ``stream`` instead of raising it, because arro3 would panic.

    Data written after the error is discarded.
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self.error: OSError | None = None

    def write(self, data: Any) -> int:  # noqa: ANN401 - bytes
        if self.error is None:
            try:
                self._stream.write(data)
            except OSError as error:
                self.error = error
        return len(data)


def _batches(
    schema: Schema,
    columns: Sequence[str],
    rows: Iterator[tuple[int, Mapping[str, float]]],
    target: _Target,
) -> Iterator[RecordBatch]:
    while target.error is None and (batch := list(islice(rows, _ROWS))):
        times = Array([time for time, _ in batch], DataType.int64()).cast(_TIME)
        arrays = [Array([values.get(name) for _, values in batch], _NUMBER) for name in columns]
        yield RecordBatch.from_arrays([times, *arrays], schema=schema)
