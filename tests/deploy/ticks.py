"""Checks for one sample at each tick, on a machine where some may be late."""

from collections.abc import Sequence


def lateness(times: Sequence[float], interval: float) -> list[float]:
    """Return the delay of each sample against a punctual one, in the unit of both arguments.

    It stays below ``interval`` while each tick has one sample. After a tick without a sample, all
    are an interval later than those before; after a tick with two samples, an interval earlier.
    """
    offsets = [time - number * interval for number, time in enumerate(times)]
    punctual = min(offsets)
    return [each - punctual for each in offsets]
