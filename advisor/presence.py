"""Whether a host's collector is online, and whether the host's clock is right. Pure."""

from collections.abc import Iterable, Mapping

from advisor.detectors.model import MINUTE, Ledger
from advisor.findings import Evidence, Finding, Measure, Severity
from advisor.readings import Reading

CLOCK_TICKS = 5  # minutes in a row for which the clock has to be wrong
SET_BACK_CONFIRMED = 2 * MINUTE  # until then, only one message may have had an old timestamp
SET_BACK_SHOWN = 60 * MINUTE  # for how long a clock that was set back is reported
SUBJECT, CLOCK_SUBJECT = "collector", "clock"
_CLOCK_ADVICE = "Check the time synchronization of the host: `timedatectl`, `chronyc tracking`."
_ADVICE = (
    "Check the machine, its network, and its collector: `systemctl status 'system-monitor@*'`."
)


class Presence:
    """Tracks whether a host's collector is online, and whether the host's clock is right.

    ``limits`` are the thresholds for findings of the kind ``host_pressure``.
    """

    def __init__(self, ledger: Ledger, limits: Mapping[str, float]) -> None:
        """Start with an empty state."""
        self._ledger, self._limits = ledger, limits
        self._off = 0  # minutes in a row in which the clock was wrong
        self._set_back: tuple[int, float] | None = None  # when, and by how many milliseconds
        self._shown_until = 0

    def silence(self, reading: Reading) -> Iterable[Finding]:
        """Report a host whose collector has been offline for too long."""
        minutes, stopped = reading.values["seconds"] / 60, reading.values["stopped"]
        if minutes < self._limits["silent"]:
            return ()
        since = reading.timestamp - round(minutes * MINUTE)
        what = "was stopped" if stopped else "has disappeared without being stopped"
        return self._ledger.report(
            reading,
            SUBJECT,
            Severity.INFO if stopped else Severity.WARNING,
            f"Host: its collector {what}, and has been silent for {minutes:.0f} min",
            Evidence(since, reading.timestamp, {"silent": Measure(round(minutes), "min")}),
            advice=_ADVICE,
        )

    def status(self, reading: Reading) -> Iterable[Finding]:
        """End any finding about silence; ``reading`` is the status of an online collector."""
        return self._ledger.end(SUBJECT, reading.timestamp)

    def _offset(self, reading: Reading) -> Iterable[Finding]:
        """Report a clock that has been too far ahead or behind for several minutes."""
        offset, now = reading.values["offset"], reading.timestamp
        limit = self._limits["clock"]
        self._off = self._off + 1 if abs(offset) >= limit else 0
        if self._off >= CLOCK_TICKS:
            side = "ahead" if offset > 0 else "behind"
            return self._report(
                reading, self._off * MINUTE, offset, f"is {_length(abs(offset))} {side}"
            )
        if abs(offset) < limit / 2 and now > self._shown_until:
            return self._ledger.end(CLOCK_SUBJECT, now)
        return ()

    def clock(self, reading: Reading) -> Iterable[Finding]:
        """Check the clock's offset, or note that the clock was set back."""
        if "set_back" not in reading.values:
            return self._offset(reading)
        self._set_back = reading.timestamp, reading.values["set_back"]
        return ()

    def time(self, reading: Reading) -> Iterable[Finding]:
        """Report a clock that was set back, once it has kept the new time for a while.

        The finding ends an hour later.
        """
        now = reading.timestamp
        if self._set_back is None:
            if 0 < self._shown_until < now:
                self._shown_until = 0
                return self._ledger.end(CLOCK_SUBJECT, now)
            return ()
        at, by = self._set_back
        if now - at < min(SET_BACK_CONFIRMED, by):
            return ()
        self._set_back = None
        if now - at > by - MINUTE:  # the time was not set back: one message had an old timestamp
            return ()
        self._shown_until = now + SET_BACK_SHOWN
        what = f"was set back by {_length(by / 1000)}"
        return self._report(reading, now - at, -by / 1000, what)

    def _report(self, reading: Reading, span: int, offset: float, what: str) -> Iterable[Finding]:
        now = reading.timestamp
        return self._ledger.report(
            reading,
            CLOCK_SUBJECT,
            Severity.WARNING,
            f"Host: its clock {what}",
            Evidence(now - span, now, {"offset": Measure(round(offset), "s")}),
            advice=_CLOCK_ADVICE,
        )


def _length(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"  # noqa: PLR2004
