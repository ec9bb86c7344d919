"""The samples in the page, compared with those in the history."""

import time
from itertools import pairwise, zip_longest

from tests.api.dashboard.browser import Visit
from tests.deploy.monitor import Monitor

CHANNELS = ("system/cpu", "system/memory", "system/gpu/0", "system/gpu/7")
_SECONDS = 20.0
_LAG_MS = 250  # half the interval of the collector
_EARLIER_MS = 2_000  # a sample of the first row may be older than its time
_COMPUTED = "busiest_core"  # by the page; the history has each core

Row = tuple[float | None, ...]


class Samples:
    """The samples of ``host`` in the page, and in the history."""

    def __init__(self, visit: Visit, monitor: Monitor, host: str) -> None:
        self._visit = visit
        self._monitor = monitor
        self._host = host
        self.times: list[int] = []
        """The times of the rows that ``read`` has read, Unix milliseconds."""
        self._rows: list[dict[str, str]] = []

    def read(self) -> None:
        """Read the samples that the page has now."""
        self._rows = self._visit.rows()
        self.times = [int(row["timestamp_ms"]) for row in self._rows]

    def shown(self, channel: str) -> list[Row]:
        """Return the samples of a channel in the page, the oldest first."""
        names = [self._column(channel, name) for name in self._fields(channel)]
        rows = [
            tuple(float(row[name]) if row[name] else None for name in names) for row in self._rows
        ]
        return [row for row in rows if any(value is not None for value in row)]

    def stored(self, channel: str) -> list[Row]:
        """Return the samples of a channel in the history, the oldest first.

        They begin shortly before the first row of the page.
        """
        answer = self._monitor.get("/history", channel=channel, host=self._host, max_points=5000)
        history = answer["channels"][channel]
        assert history["bucket_width"] is None
        rows = zip(*(history["fields"][name] for name in self._fields(channel)), strict=True)
        return [
            row
            for time_ms, row in zip(history["timestamps"], rows, strict=True)
            if time_ms > self.times[0] - _EARLIER_MS and any(value is not None for value in row)
        ]

    def wait_until_the_same(self, since: int, channels: tuple[str, ...] = CHANNELS) -> None:
        """Wait until the page has the samples of the history, from ``since`` (Unix ms) or earlier.

        Each sample once and in the same order, up to the newest that REST had before.
        """
        deadline = time.monotonic() + _SECONDS
        while True:
            newest = self._monitor.get("/metrics", host=self._host)["cpu"]["timestamp"]
            self.read()
            # A stream that the test controls goes on only while the test calls the browser.
            while self._lags(newest) and time.monotonic() < deadline:
                self.read()
            shown = {channel: self.shown(channel) for channel in channels}
            stored = {channel: self._wait_stored(channel, shown[channel]) for channel in channels}
            reaches = self.times and self.times[0] <= since and not self._lags(newest)
            if (reaches and shown == stored) or time.monotonic() > deadline:
                break
        assert self.times[0] <= since
        assert not self._lags(newest)
        for channel, rows in shown.items():
            assert rows == stored[channel], _first_difference(channel, rows, stored[channel])

    def _lags(self, newest: int) -> bool:
        return not self.times or newest - self.times[-1] >= _LAG_MS

    def longest_gap(self) -> int:
        """Return the longest time between two consecutive rows, in milliseconds."""
        return max(later - earlier for earlier, later in pairwise(self.times))

    def _wait_stored(self, channel: str, shown: list[Row]) -> list[Row]:
        """Return as many samples of the history as the page has, from the page's first one on."""
        deadline = time.monotonic() + _SECONDS
        while True:
            stored = self.stored(channel)
            if shown and shown[0] in stored:
                stored = stored[stored.index(shown[0]) :]
            if len(stored) >= len(shown) or time.monotonic() > deadline:
                return stored[: len(shown)]

    def _fields(self, channel: str) -> list[str]:
        prefix = self._column(channel, "")
        names = [name.removeprefix(prefix) for name in self._rows[0] if name.startswith(prefix)]
        return [name for name in names if name != _COMPUTED]

    @staticmethod
    def _column(channel: str, name: str) -> str:
        short = channel.removeprefix("system/").replace("gpu/", "gpu")
        return f"{short}.{name}"


def _first_difference(channel: str, shown: list[Row], stored: list[Row]) -> str:
    pairs = zip_longest(shown, stored)
    index, (here, there) = next((i, pair) for i, pair in enumerate(pairs) if pair[0] != pair[1])
    return f"row {index} of {len(shown)} of {channel}: the page has {here}, the history {there}"
