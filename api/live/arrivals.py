"""Records when a host's live samples arrived, to detect samples that the history lacks."""

from collections import deque
from typing import NamedTuple

# The ingester normally stores a sample within about a second. If a sample is not in the history
# even after this much longer time, the ingester is not storing samples.
_LAG_SECONDS = 10.0
_LAG_INTERVALS = 3
_MARKS = 4


class Arrival(NamedTuple):
    """A live sample; ``timestamp`` is in Unix milliseconds, ``arrived`` in monotonic seconds."""

    channel: str
    timestamp: int
    arrived: float


def allowed_lag(interval: float) -> float:
    """Return how soon after its arrival a sample should be in the history, in seconds."""
    return _LAG_SECONDS + _LAG_INTERVALS * interval


class Arrivals:
    """The newest live sample of a host, and an older one that should be in the history by now.

    A sample's age is measured from its arrival in this process, not from its timestamp, because
    the host's clock may be wrong.
    """

    def __init__(self) -> None:
        """Start with no samples."""
        self.newest: Arrival | None = None
        # Some arrivals of the last ``lag`` seconds, and one older arrival.
        self._marks: deque[Arrival] = deque()

    def note(self, arrival: Arrival, lag: float) -> None:
        """Record a live sample; after a silence longer than ``lag``, forget all earlier samples."""
        marks, now = self._marks, arrival.arrived
        if self.newest is not None and now - self.newest.arrived > lag:
            marks.clear()
        self.newest = arrival
        if not marks or now - marks[-1].arrived >= lag / _MARKS:
            marks.append(arrival)
        while len(marks) > 1 and now - marks[1].arrived >= lag:
            marks.popleft()

    def is_live(self, now: float, lag: float) -> bool:
        """Return whether a live sample has arrived in the last ``lag`` seconds."""
        return self.newest is not None and now - self.newest.arrived < lag

    def overdue(self, now: float, lag: float) -> Arrival | None:
        """Return a live sample that arrived at least ``lag`` seconds ago.

        The history should contain this sample by now. Return None if there is no such sample, or
        if the host is no longer live.
        """
        if not self.is_live(now, lag):
            return None
        return next((each for each in reversed(self._marks) if now - each.arrived >= lag), None)
