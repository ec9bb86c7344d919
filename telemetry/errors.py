"""Every error that System Monitor raises on purpose.

    SystemMonitorError
    ├── SettingsError            a wrong setting or an occupied port; exit code 2
    ├── SensorAbsent             there is nothing of this kind on this machine, and why
    ├── SensorFailed             a reading, or a part of it, could not be made, and why
    ├── MalformedMessage         a message from the bus that is not one of our samples
    └── HistoryError
        ├── HistoryUnavailable   the store does not answer; trying again may help
        └── HistoryRejected      the store refuses these samples; trying again will not help

The message of each is one sentence for a user.
"""


class SystemMonitorError(Exception):
    """Base of the errors in this module."""


class SettingsError(SystemMonitorError):
    """A setting cannot work; raised before anything has started."""


class SensorAbsent(SystemMonitorError):  # noqa: N818 - absence is a finding, not a failure
    """The hardware or driver that a sensor reads does not exist here."""


class SensorFailed(SystemMonitorError):  # noqa: N818 - describes the sensor
    """A reading failed. Raised after the parts that could be read have been handed over."""


class MalformedMessage(SystemMonitorError):  # noqa: N818 - describes the message
    """A message on one of our topics does not follow the contract.

    ``reason`` is one of a small fixed set, so that it can be counted.
    """

    def __init__(self, reason: str, detail: str) -> None:
        """Keep ``reason`` for counting and ``detail`` for the log."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


class HistoryError(SystemMonitorError):
    """The history store could not do what was asked."""


class HistoryUnavailable(HistoryError):  # noqa: N818 - describes the store
    """The history store does not answer or cannot work at present.

    ``retry_after`` are the seconds that the store asks to be left alone for, 0 where it does not.
    """

    def __init__(self, sentence: str, *, retry_after: float = 0.0) -> None:
        """Keep how long to wait at least."""
        super().__init__(sentence)
        self.retry_after = retry_after


class HistoryRejected(HistoryError):  # noqa: N818 - describes the samples
    """The history store refuses these samples for what they are, or for being too many at once.

    ``reason`` is one of a small fixed set, so that it can be counted.
    """

    def __init__(self, sentence: str, reason: str) -> None:
        """Keep ``reason`` for counting."""
        super().__init__(sentence)
        self.reason = reason
