"""Computes rates from byte counters."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

Counters: TypeAlias = Mapping[str, tuple[float, float]]
"""Maps each device's name to two byte counters, such as (bytes read, bytes written)."""

Rate: TypeAlias = tuple[float, float]
"""Bytes per second in each direction."""

# The kernel updates some counters in steps of 10 ms: rates over less time would be inaccurate.
SHORTEST_SECONDS = 0.05
FASTEST = 1e12  # bytes per second; the fastest ports and disks of 2025 reach a tenth of this
_BYTES_IN_MEGABYTE = 1e6
_MOST_UNCERTAIN = 0.25  # the longest duration of a read, as a share of the time between reads


class RateMeter:
    """Computes rates from successive reads of counters and the measured time between the reads."""

    def __init__(self) -> None:
        """Start with no counters: the first read yields no rates."""
        self._before: Counters = {}
        self._time = float("-inf")

    def rates(self, counters: Counters, now: float, took: float = 0.0) -> dict[str, Rate | None]:
        """Return each device's rates since the previous read.

        ``now`` is the monotonic time just after the read, and ``took`` the duration of the read,
        both in seconds.

        A device's rates are None if the device is new, if one of its counters decreased (the device
        was replaced, its driver restarted, or the counter wrapped), or if a counter grew faster
        than any device can transfer data.

        All rates are None if less than ``SHORTEST_SECONDS`` has passed. They are also None if the
        read took more than a quarter of the time that has passed, because it is not known when the
        counters had these values. In both cases, ``counters`` is ignored, and the next rates cover
        the whole time since the last counters used.

        While the machine sleeps, both the counters and the monotonic clock stop, so the rates are
        correct after the machine wakes up.
        """
        elapsed = now - self._time
        if elapsed < SHORTEST_SECONDS or took > elapsed * _MOST_UNCERTAIN:
            return dict.fromkeys(counters)
        before, self._before, self._time = self._before, counters, now
        return {
            name: _rate(before[name], counter, elapsed) if name in before else None
            for name, counter in counters.items()
        }


class DeviceRates:
    """Reads the rates of chosen devices.

    The devices are chosen again whenever a device appears or disappears.
    """

    def __init__(
        self,
        read: Callable[[], Counters],
        choose: Callable[[Iterable[str]], Mapping[str, str]],
        clock: Callable[[], float],
    ) -> None:
        """Store the functions without calling them.

        ``read`` returns the counters of all devices. ``choose`` takes the names of all devices, and
        returns the published name of each device to be counted, by the device's name.
        ``choose`` can be slow, because it is called only when devices appear or disappear.
        ``clock`` returns the monotonic time in seconds.
        """
        self._read = read
        self._choose = choose
        self._clock = clock
        self.clear()

    def clear(self) -> None:
        """Discard the counters and the devices."""
        self._meter = RateMeter()
        self._devices: frozenset[str] = frozenset()
        self.counted: Mapping[str, str] = {}

    def rates(self) -> dict[str, Rate | None]:
        """Return each counted device's rates since the previous read."""
        before, counters, now = self._clock(), self._read(), self._clock()
        if counters.keys() != self._devices:
            self.counted = self._choose(counters)
            self._devices = frozenset(counters)
        counted = {device: counters[device] for device in self.counted}
        return self._meter.rates(counted, now, took=now - before)


def _rate(before: tuple[float, float], now: tuple[float, float], elapsed: float) -> Rate | None:
    one, other = (now[0] - before[0]) / elapsed, (now[1] - before[1]) / elapsed
    return (one, other) if 0 <= one <= FASTEST and 0 <= other <= FASTEST else None


def total(rates: Iterable[Rate | None]) -> Rate | None:
    """Return the sum of the known rates, or None if no rate is known."""
    known = [rate for rate in rates if rate is not None]
    return (sum(rate[0] for rate in known), sum(rate[1] for rate in known)) if known else None


def as_values(rate: Rate | None, names: tuple[str, str]) -> dict[str, float | None]:
    """Return ``rate`` in MB/s (10^6 bytes per second) to three decimals, keyed by ``names``."""
    if rate is None:
        return dict.fromkeys(names)
    return {
        name: round(value / _BYTES_IN_MEGABYTE, 3) for name, value in zip(names, rate, strict=True)
    }
