"""The queue of messages from the connection's thread to the analysis."""

import threading
from collections import deque

from telemetry.bus.messages import Message

CAPACITY_BYTES = 16 * 1024 * 1024
_OVERHEAD_BYTES = 1024  # memory that a message takes besides its payload


class Inbox:
    """A queue with a limit in bytes: when it is full, the oldest messages are discarded.

    ``dropped`` is the number of discarded messages.
    """

    def __init__(self, capacity: int = CAPACITY_BYTES) -> None:
        """Start empty."""
        self._capacity = capacity
        self._messages: deque[Message] = deque()
        self._bytes = 0
        self._lock = threading.Lock()  # faster than locking the condition
        self._changed = threading.Condition(self._lock)
        self._stopped = False
        self.dropped = 0

    def put(self, message: Message) -> None:
        """Add ``message``. Never blocks."""
        with self._lock:
            self._messages.append(message)
            self._bytes += len(message.payload) + _OVERHEAD_BYTES
            while self._bytes > self._capacity:
                self._bytes -= _size(self._messages.popleft())
                self.dropped += 1
            if self._bytes > self._capacity // 2:
                self._changed.notify_all()

    def take(self, seconds: float) -> list[Message]:
        """Take all messages after ``seconds``, or sooner if the queue is half full or stopped."""
        with self._changed:
            self._changed.wait_for(self._is_urgent, seconds)
            messages = list(self._messages)
            self._messages.clear()
            self._bytes = 0
            return messages

    def stop(self) -> None:
        """Make the current and all later calls of ``take`` return immediately."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _is_urgent(self) -> bool:
        return self._stopped or self._bytes > self._capacity // 2


def _size(message: Message) -> int:
    return len(message.payload) + _OVERHEAD_BYTES
