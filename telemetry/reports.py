"""The report of a part: whether it works, and its counters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class CountKind(StrEnum):
    """A counter only increases while the process runs; a gauge can decrease."""

    COUNTER = "counter"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class Count:
    """One figure, or one for each value of ``label``.

    ``name`` is in Prometheus' form, without a prefix and without ``_total``; a unit is its end.
    """

    name: str
    help: str
    value: float | Mapping[str, float]
    kind: CountKind
    label: str | None


def counter(
    name: str, meaning: str, value: float | Mapping[str, float], *, label: str | None = None
) -> Count:
    """Return a counter."""
    return Count(name, meaning, value, CountKind.COUNTER, label)


def gauge(
    name: str, meaning: str, value: float | Mapping[str, float], *, label: str | None = None
) -> Count:
    """Return a gauge."""
    return Count(name, meaning, value, CountKind.GAUGE, label)


@dataclass(frozen=True, slots=True)
class Report:
    """One part at one moment.

    ``problem`` is the reason why it does not work at present, in one sentence. ``notes`` are
    sentences that an operator should know although it works.
    """

    part: str
    problem: str | None = None
    counts: tuple[Count, ...] = ()
    notes: tuple[str, ...] = ()


Reporter = Callable[[], Report]
"""Makes a part's report; may be called from any thread, and asks nobody."""
