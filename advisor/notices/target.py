"""Sends notices to one target in a separate thread, so a slow target does not delay others."""

import logging
import threading
import time
from collections.abc import Callable

from advisor.notices.model import Notice
from advisor.notices.outbox import Outbox
from advisor.notices.program import NoticeError
from advisor.notices.record import Record
from advisor.notices.senders import Sender
from telemetry.log_limit import RateLimitedLog

log = logging.getLogger(__name__)


def minute_of_day() -> int:
    """Return the number of minutes since local midnight."""
    now = time.localtime()
    return 60 * now.tm_hour + now.tm_min


class Target:
    """Sends notices through ``sender`` when they are due; retries if ``sender.repeats`` is true."""

    def __init__(
        self, sender: Sender, record: Record, minute: Callable[[], int] = minute_of_day
    ) -> None:
        """``record`` stores what is still to be sent; ``minute`` returns the minute of the day."""
        self._sender = sender
        self._record = record
        self._minute = minute
        self._outbox = Outbox(sender.pace)
        self._changed = threading.Condition()
        self._stopping = False
        self._failed_log = RateLimitedLog(log)
        self._dropped_log = RateLimitedLog(log)
        self._thread = threading.Thread(target=self._run, name=f"to {self.name}", daemon=True)
        self._failure: str | None = None
        self.sent = 0
        self.failures = 0
        self.dropped = 0

    @property
    def name(self) -> str:
        """The name of the sender, which contains no secret."""
        return self._sender.name

    @property
    def waiting(self) -> int:
        """The number of unsent notices."""
        return len(self._outbox)

    @property
    def problem(self) -> str | None:
        """Why the latest delivery or check failed, as a sentence; None if it did not fail."""
        failure = self._failure
        if failure is None:
            return None
        number = self.waiting
        some = "1 notice is" if number == 1 else f"{number} notices are"
        waiting = f"; {some} waiting to be sent" if number else ""
        return f"Notices to {self.name} cannot be delivered: {failure}{waiting}."

    def start(self) -> None:
        """Start sending in the background."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Send no further messages, but do not wait for any message being sent."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def stop(self, seconds: float) -> None:
        """Wait at most ``seconds`` for any message being sent, then abort it."""
        if self._thread.is_alive():
            self._thread.join(seconds)
        self._sender.stop()

    def add(self, notice: Notice) -> None:
        """Queue ``notice`` for sending, and return before it has been sent."""
        with self._changed:
            oldest = self._outbox.add(notice, time.monotonic())
            self._changed.notify_all()
        if oldest is not None:
            self.dropped += 1
            self._record.settle([oldest.key], self.name)
            self._dropped_log.write(
                "Too many notices are waiting for %s; dropped so far: %d.",
                self.name,
                self.dropped,
            )

    def _run(self) -> None:
        self._try([], self._sender.check)
        while notices := self._next():
            keys = [each.key for each in notices]
            if not self._sender.repeats:
                self._record.settle(keys, self.name)
            delivered = self._try(notices, lambda due=notices: self._sender.send(due))  # type: ignore[misc]
            with self._changed:
                if delivered or not self._sender.repeats:
                    self._outbox.remove(notices, time.monotonic())
                else:
                    self._outbox.delay(time.monotonic())
            if delivered:
                self.sent += len(notices)
                self._record.settle(keys, self.name)

    def _next(self) -> list[Notice]:
        """Wait until notices are due, and return them; return an empty list when stopping."""
        with self._changed:
            while not self._stopping:
                now, minute = time.monotonic(), self._minute()
                if due := self._outbox.due(now, minute):
                    return list(due)
                self._changed.wait(self._outbox.pause(now, minute))
        return []

    def _try(self, notices: list[Notice], action: Callable[[], None]) -> bool:
        try:
            action()
        except NoticeError as error:
            self._note(str(error))
        except Exception as error:  # noqa: BLE001 - a thread that ends would end the program
            self._note(f"an unexpected error occurred ({type(error).__name__})")
        else:
            if self._failure is not None and notices:
                log.info("Delivery of notices to %s works again.", self.name)
            self._failure = None
            return True
        return False

    def _note(self, failure: str) -> None:
        if not self._stopping:
            self._failure = failure
            self.failures += 1
            self._failed_log.write("%s Failed attempts so far: %d.", self.problem, self.failures)
