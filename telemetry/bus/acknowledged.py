"""The messages that the broker has recently acknowledged."""

import time
from collections.abc import Callable, Container, Iterable

from telemetry.bus.queued import Queued

_SECONDS = 10.0


class Acknowledged:
    """Keeps messages for 10 s after their first acknowledgement, in case the broker loses them.

    The broker might die before it delivers or saves a message. Only messages that the history needs
    are kept. Sending a message again does not extend the 10 s. Messages do not expire while the
    broker is unavailable.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start empty; ``clock`` returns the monotonic time in seconds."""
        self._clock = clock
        # By the object's ``id``, in the order of the first acknowledgement, with its time.
        self._messages: dict[int, tuple[float, Queued]] = {}

    def add(self, messages: Iterable[Queued]) -> None:
        """Keep those of the acknowledged ``messages`` that the history needs."""
        now = self._clock()
        for each in messages:
            if each.for_history:
                self._messages.setdefault(id(each), (now, each))

    def expire(self) -> None:
        """Discard the messages that were acknowledged more than 10 s ago."""
        earliest = self._clock() - _SECONDS
        while self._messages:
            oldest = next(iter(self._messages))
            if self._messages[oldest][0] >= earliest:
                return
            del self._messages[oldest]

    def recent(self, retained: Container[str]) -> list[Queued]:
        """Return the messages to send again, in the order in which they were acknowledged.

        ``retained`` are the topics that have a retained message. A state whose retained message has
        been deleted is left out, because subscribers would take it for a new state.
        """
        return [
            each
            for _, each in self._messages.values()
            if not each.publication.retain or each.publication.topic in retained
        ]
