"""The report of one part of the program: whether the part works, and its counters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class CountKind(StrEnum):
    """A counter only grows while the process lives; a gauge can also fall."""

    COUNTER = "counter"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class Count:
    """A number that a part reports, or one number for each value of ``label``.

    ``name`` follows Prometheus' naming conventions, but lacks the prefix and ``_total``.
    If the number has a unit, ``name`` ends with the unit.
    """

    name: str
    help: str
    value: float | Mapping[str, float]
    kind: CountKind
    label: str | None


def counter(
    name: str, meaning: str, value: float | Mapping[str, float], *, label: str | None = None
) -> Count:
    """Return a counter, which only grows."""
    return Count(name, meaning, value, CountKind.COUNTER, label)


def gauge(
    name: str, meaning: str, value: float | Mapping[str, float], *, label: str | None = None
) -> Count:
    """Return a gauge, which can rise and fall."""
    return Count(name, meaning, value, CountKind.GAUGE, label)


@dataclass(frozen=True, slots=True)
class Report:
    """The state of one part at one moment.

    ``problem`` says in a sentence why the part does not work; None if it works. ``notes`` are
    sentences that the operator should read even while the part works.
    """

    part: str
    problem: str | None = None
    counts: tuple[Count, ...] = ()
    notes: tuple[str, ...] = ()


Reporter = Callable[[], Report]
"""A function that returns a part's report, does no I/O and can be called from any thread."""
