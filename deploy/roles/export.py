"""``system-monitor export``."""

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from api.rest.history import parse_span
from deploy.console import complain, say
from deploy.export.arguments import Request
from deploy.export.lines import csv_lines, json_lines
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
    """Write the history that ``chosen``, a ``Request``, selects; return 1 if that fails."""
    end_on_signal(_INTERRUPTED)
    request = Request(**chosen)  # type: ignore[arg-type] # from argparse
    try:
        return _export(settings, request)
    except SystemMonitorError as error:
        complain(str(error))
        return _FAILED


def _export(settings: Settings, request: Request) -> int:
    span = parse_span(request.start, request.end, unix_milliseconds(), _LONGEST)
    selection = Selection(tuple(request.channel), request.fields, request.host)
    server = _server(settings, request.url)
    planned = plan(server, selection, span.start, span.end)
    if not planned.columns:
        raise ExportError("The history has nothing that matches: check --start and --channel.")
    to_terminal = request.output is None and sys.stdout.isatty()
    with Progress(planned.start, planned.end, visible=not to_terminal) as progress:
        rows = progress.counted(read(server, planned))
        lines = _LINES[request.format](planned.columns, rows)
        if request.output is None:
            _print(lines)
        else:
            _write(Path(request.output), lines)
    return 0


def _server(settings: Settings, url: str | None) -> HistoryServer:
    host = reachable(settings.http_host)
    own = f"http://{f'[{host}]' if ':' in host else host}:{settings.http_port}"
    token = settings.http_token
    return HistoryServer(url or own, token.get_secret_value() if token else None)


def _print(lines: Iterator[str]) -> None:
    with closing(lines):  # type: ignore[type-var] # a generator
        for line in lines:
            if not say(line.removesuffix("\n")):
                return


def _write(file: Path, lines: Iterator[str]) -> None:
    try:
        with file.open("w", encoding="utf-8", newline="") as stream:
            stream.writelines(lines)
    except OSError as error:
        raise ExportError(f"Cannot write {file}: {error.strerror}.") from None
