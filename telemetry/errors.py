"""The errors that several parts of System Monitor raise or catch.

    SystemMonitorError
    ├── SettingsError                 a setting is wrong or a port is in use; exit code 2
    ├── SensorAbsentError             this machine lacks the hardware or driver of a sensor
    ├── SensorFailedError             a reading, or a part of one, failed
    ├── MalformedMessageError         a message from the bus is not valid
    ├── BusUnavailableError           the broker is unavailable or does not acknowledge a message
    └── HistoryError
        ├── HistoryUnavailableError   the store is not responding; trying again may help
        └── HistoryRejectedError      the store rejects records; trying again will not help

Each error's message explains the problem to the user.
"""


class SystemMonitorError(Exception):
    """The base class of errors whose messages explain a problem to the user."""


class SettingsError(SystemMonitorError):
    """A setting or argument is wrong, or a port is in use."""


class SensorAbsentError(SystemMonitorError):
    """The machine lacks the hardware or the driver that a sensor needs."""


class SensorFailedError(SystemMonitorError):
    """A reading, or a part of one, failed."""


class MalformedMessageError(SystemMonitorError):
    """A message from the bus is invalid.

    ``reason`` is one of a few fixed strings, because invalid messages are counted by reason.
    """

    def __init__(self, reason: str, detail: str) -> None:
        """Store ``reason`` for counting; the error's message contains ``reason`` and ``detail``."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


class BusUnavailableError(SystemMonitorError):
    """The broker is unavailable, or did not acknowledge a message in time."""


class HistoryError(SystemMonitorError):
    """The history store could not complete a request."""


class HistoryUnavailableError(HistoryError):
    """The history store is not responding, or cannot be used at the moment.

    ``retry_after`` is how many seconds the store asks its clients to wait before the next attempt,
    or 0 if it does not ask for a delay.
    """

    def __init__(self, sentence: str, *, retry_after: float = 0.0) -> None:
        """Store the message and the requested delay."""
        super().__init__(sentence)
        self.retry_after = retry_after


class HistoryRejectedError(HistoryError):
    """The history store rejects records that are invalid, or too large for one request.

    ``reason`` is one of a few fixed strings, because rejections are counted by reason.
    """

    def __init__(self, sentence: str, reason: str) -> None:
        """Store the message, and ``reason`` for counting."""
        super().__init__(sentence)
        self.reason = reason
