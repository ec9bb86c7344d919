"""The rows of an export as lines of text."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from api.rest.table import iso_time

Rows = Iterable[tuple[int, Mapping[str, float]]]


def csv_lines(columns: Sequence[str], rows: Rows) -> Iterator[str]:
    r"""Yield a header line, then one line for each row; lines end with ``\n``."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["time", *columns])
    for time, values in rows:
        yield _taken(buffer)
        writer.writerow([iso_time(time), *map(values.get, columns)])
    yield _taken(buffer)


def json_lines(_columns: Sequence[str], rows: Rows) -> Iterator[str]:
    """Yield one line for each row: a JSON object with the row's time and its known values."""
    for time, values in rows:
        yield f"{json.dumps({'time': iso_time(time), **values})}\n"


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
