"""A progress bar on a terminal."""

import time
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Self

from deploy.console import show_progress

_WIDTH = 30
_SECONDS = 0.1  # between two updates


class Progress:
    """Shows the progress of an export on standard error, if that is a terminal."""

    def __init__(self, start: int, end: int, *, visible: bool) -> None:
        """Prepare the bar for the span from ``start`` to ``end``, both in Unix milliseconds."""
        self._visible = visible
        self._start, self._length = start, max(1, end - start)
        self._due = 0.0
        self._rows = 0

    def __enter__(self) -> Self:
        """Return this object; nothing is shown yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Erase the bar, whether the export succeeded or failed."""
        self._show("")

    def counted(
        self, rows: Iterable[tuple[int, Mapping[str, float]]]
    ) -> Iterator[tuple[int, Mapping[str, float]]]:
        """Yield ``rows``, counting them and updating the bar."""
        for row in rows:
            self._rows += 1
            if time.monotonic() >= self._due:
                self._due = time.monotonic() + _SECONDS
                self._show(self._bar(row[0]))
            yield row

    def _bar(self, position: int) -> str:
        share = min(1.0, max(0.0, (position - self._start) / self._length))
        bar = ("#" * round(_WIDTH * share)).ljust(_WIDTH, ".")
        return f"[{bar}] {share:4.0%}, {self._rows:,} row{'s' * (self._rows != 1)}"

    def _show(self, text: str) -> None:
        if self._visible:
            show_progress(text)
