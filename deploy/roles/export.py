"""The command ``system-monitor export``."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

from api.rest.history import parse_span
from deploy.console import complain, say
from deploy.export.arguments import Request
from deploy.export.lines import Rows, csv_lines, json_lines
from deploy.export.progress import Progress
from deploy.export.rows import plan, read
from deploy.export.server import ExportError, HistoryServer, Selection
from deploy.lifecycle import end_on_signal
from telemetry.clock import unix_milliseconds
from telemetry.errors import SystemMonitorError
from telemetry.settings import Settings, reachable

_INTERRUPTED = 130
_FAILED = 1
_LONGEST = 10 * 365 * 86_400_000  # ms; the server has its own limit
_LINES = {"csv": csv_lines, "jsonl": json_lines}


def run(settings: Settings, **chosen: object) -> int:
    """Export the history and return the exit code; ``chosen`` has the fields of a ``Request``."""
    end_on_signal(_INTERRUPTED)
    request = Request(**chosen)  # type: ignore[arg-type] # from argparse
    try:
        return _export(settings, request)
    except SystemMonitorError as error:
        complain(str(error))
        return _FAILED


def _export(settings: Settings, request: Request) -> int:
    write_parquet = _parquet_writer(request.output) if request.format == "parquet" else None
    span = parse_span(request.start, request.end, unix_milliseconds(), _LONGEST)
    selection = Selection(tuple(request.channel), request.fields, request.host)
    server = _server(settings, request.url)
    planned = plan(server, selection, span.start, span.end)
    if not planned.columns:
        raise ExportError("The history has no matching data: check --start and --channel.")
    to_terminal = request.output is None and sys.stdout.isatty()
    with Progress(planned.start, planned.end, visible=not to_terminal) as progress:
        rows = progress.counted(read(server, planned))
        if write_parquet is not None and request.output is not None:
            with _created(request.output) as stream:
                write_parquet(stream, planned.columns, rows)
            return 0
        lines = _LINES[request.format](planned.columns, rows)
        if request.output is None:
            _print(lines)
        else:
            with _created(request.output) as stream:
                stream.writelines(line.encode() for line in lines)
    return 0


def _parquet_writer(output: str | None) -> Callable[[BinaryIO, Sequence[str], Rows], None]:
    if output is None:
        raise ExportError("Parquet cannot go to standard output: name a file with --output.")
    try:
        from deploy.export.parquet import write  # noqa: PLC0415 - arro3 is optional
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "arro3":
            raise
        raise ExportError(
            "Parquet needs the library arro3-io: install it with `pip install "
            "'system-monitor[parquet]'`, or `pipx inject system-monitor arro3-io`."
        ) from None
    return write


def _server(settings: Settings, url: str | None) -> HistoryServer:
    host = reachable(settings.http_host)
    own = f"http://{f'[{host}]' if ':' in host else host}:{settings.http_port}"
    token = settings.http_token
    return HistoryServer(url or own, token.reveal() if token else None)


def _print(lines: Iterator[str]) -> None:
    with closing(lines):  # type: ignore[type-var] # a generator
        for line in lines:
            if not say(line.removesuffix("\n")):
                return


@contextmanager
def _created(file: str) -> Iterator[BinaryIO]:
    """Yield a stream that overwrites ``file``. Raises ExportError if opening or writing fails."""
    try:
        with Path(file).open("wb") as stream:
            yield stream
    except OSError as error:
        raise ExportError(f"Cannot write {file}: {error.strerror}.") from None
