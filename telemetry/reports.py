"""What a part says of itself: whether it can do its work, and what it has counted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class CountKind(StrEnum):
    """A counter only grows while the process lives; a gauge goes both ways."""

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
    """Return what only grows."""
    return Count(name, meaning, value, CountKind.COUNTER, label)


def gauge(
    name: str, meaning: str, value: float | Mapping[str, float], *, label: str | None = None
) -> Count:
    """Return what goes both ways."""
    return Count(name, meaning, value, CountKind.GAUGE, label)


@dataclass(frozen=True, slots=True)
class Report:
    """One part at one moment.

    ``problem`` says in a sentence why it cannot do its work at present. ``notes`` are sentences
    that somebody should know although it can.
    """

    part: str
    problem: str | None = None
    counts: tuple[Count, ...] = ()
    notes: tuple[str, ...] = ()


Reporter = Callable[[], Report]
"""Makes a part's report; may be called from any thread, and asks nobody."""
