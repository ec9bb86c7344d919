"""Whether there is one sample for each tick, on a machine that may be late for some."""

from collections.abc import Sequence


def lateness(times: Sequence[float], interval: float) -> list[float]:
    """Return by how much each sample is later than the punctual one, in the unit of both.

    It stays below ``interval`` while each tick has one sample. From a tick without one on all
    samples are an interval later than those before, from a tick with two an interval earlier.
    """
    offsets = [time - number * interval for number, time in enumerate(times)]
    punctual = min(offsets)
    return [each - punctual for each in offsets]
