"""Every error that System Monitor raises on purpose.

    SystemMonitorError
    ├── SettingsError                 a wrong setting or an occupied port; exit code 2
    ├── SensorAbsentError             this machine has no such hardware or driver, and why
    ├── SensorFailedError             a reading, or part of it, failed, and why
    ├── MalformedMessageError         a message from the bus is not valid
    ├── BusUnavailableError           the broker does not accept a message
    └── HistoryError
        ├── HistoryUnavailableError   the store does not answer; trying again may help
        └── HistoryRejectedError      the store rejects these samples; trying again will not help

The message of each is one sentence for a user.
"""


class SystemMonitorError(Exception):
    """Base of the errors in this module."""


class SettingsError(SystemMonitorError):
    """A setting is not usable. Raised before anything has started."""


class SensorAbsentError(SystemMonitorError):
    """The hardware or driver that a sensor reads does not exist here."""


class SensorFailedError(SystemMonitorError):
    """A reading failed. Raised after the values that could be read have been delivered."""


class MalformedMessageError(SystemMonitorError):
    """A message on one of our topics does not follow the contract.

    ``reason`` is one of a small fixed set, so that it can be counted.
    """

    def __init__(self, reason: str, detail: str) -> None:
        """Keep ``reason`` for counting and ``detail`` for the log."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


class BusUnavailableError(SystemMonitorError):
    """The broker is not available, or does not acknowledge a message."""


class HistoryError(SystemMonitorError):
    """The history store could not complete a request."""


class HistoryUnavailableError(HistoryError):
    """The history store does not answer, or is not usable at present.

    ``retry_after`` is the delay in seconds that the store requests; 0 if it requests none.
    """

    def __init__(self, sentence: str, *, retry_after: float = 0.0) -> None:
        """Keep the message, and the shortest delay before the next attempt."""
        super().__init__(sentence)
        self.retry_after = retry_after


class HistoryRejectedError(HistoryError):
    """The history store rejects these samples: they are not valid, or there are too many at once.

    ``reason`` is one of a small fixed set, so that it can be counted.
    """

    def __init__(self, sentence: str, reason: str) -> None:
        """Keep ``reason`` for counting."""
        super().__init__(sentence)
        self.reason = reason
