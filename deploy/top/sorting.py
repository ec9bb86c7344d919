"""By which column a table is sorted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Sorting:
    """Sorts by one of ``titles``. A column of numbers has its largest value first."""

    titles: tuple[str, ...]
    index: int = 0
    is_reversed: bool = False

    @property
    def title(self) -> str:
        """The column."""
        return self.titles[self.index]

    def next(self) -> "Sorting":
        """Return the sorting by the next column."""
        return Sorting(self.titles, (self.index + 1) % len(self.titles))

    def reversed(self) -> "Sorting":
        """Return the sorting in the other direction."""
        return Sorting(self.titles, self.index, not self.is_reversed)

    def sorted(self, rows: Sequence[Row], value: Callable[[Row, str], object]) -> list[Row]:
        """Return ``rows`` sorted by the result of ``value`` for a row and the column.

        The result is a number, a text, or None, which comes last in either direction.
        """
        found = [(value(row, self.title), row) for row in rows]
        known = [pair for pair in found if pair[0] is not None]
        numeric = any(isinstance(each, int | float) for each, _ in known)
        known.sort(
            key=lambda pair: pair[0] if numeric else str(pair[0]).lower(),  # type: ignore[arg-type,return-value]
            reverse=numeric != self.is_reversed,
        )
        return [row for _, row in known] + [row for each, row in found if each is None]
