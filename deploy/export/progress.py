"""A progress bar on a terminal."""

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Self

_WIDTH = 30
_SECONDS = 0.1  # between two updates
_ERASE_LINE = "\r\x1b[K"


class Progress:
    """Shows on standard error how far an export has come, if that is a terminal."""

    def __init__(self, start: int, end: int, *, visible: bool) -> None:
        """Prepare the bar of a span, in Unix milliseconds."""
        self._stream = sys.stderr
        self._visible = visible and self._stream is not None and self._stream.isatty()
        self._start, self._length = start, max(1, end - start)
        self._due = 0.0
        self._rows = 0

    def __enter__(self) -> Self:
        """Start."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Erase the bar, whether the export succeeded or failed."""
        self._write(_ERASE_LINE)

    def counted(
        self, rows: Iterable[tuple[int, Mapping[str, float]]]
    ) -> Iterator[tuple[int, Mapping[str, float]]]:
        """Yield ``rows``, counting them and updating the bar."""
        for row in rows:
            self._rows += 1
            if time.monotonic() >= self._due:
                self._due = time.monotonic() + _SECONDS
                self._write(f"{_ERASE_LINE}{self._bar(row[0])}")
            yield row

    def _bar(self, position: int) -> str:
        share = min(1.0, max(0.0, (position - self._start) / self._length))
        bar = ("#" * round(_WIDTH * share)).ljust(_WIDTH, ".")
        return f"[{bar}] {share:4.0%}, {self._rows:,} rows"

    def _write(self, text: str) -> None:
        if self._visible:
            self._stream.write(text)
            self._stream.flush()
