"""The column by which a table is sorted, and the direction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Sorting:
    """Sorts rows by the column ``titles[index]``.

    Numbers are sorted from largest to smallest, and strings alphabetically. ``is_reversed``
    reverses the order.
    """

    titles: tuple[str, ...]
    index: int = 0
    is_reversed: bool = False

    @property
    def title(self) -> str:
        """The title of the column by which rows are sorted."""
        return self.titles[self.index]

    def next(self) -> "Sorting":
        """Return the sorting by the next column."""
        return Sorting(self.titles, (self.index + 1) % len(self.titles))

    def reversed(self) -> "Sorting":
        """Return the sorting in the other direction."""
        return Sorting(self.titles, self.index, not self.is_reversed)

    def sorted(self, rows: Sequence[Row], value: Callable[[Row, str], object]) -> list[Row]:
        """Return ``rows`` sorted by ``value(row, title)``; ``title`` is the title of the column.

        ``value`` returns a number, a string or None. Rows for which it returns None come last
        in both directions.
        """
        found = [(value(row, self.title), row) for row in rows]
        known = [pair for pair in found if pair[0] is not None]
        numeric = any(isinstance(each, int | float) for each, _ in known)
        known.sort(
            key=lambda pair: pair[0] if numeric else str(pair[0]).lower(),  # type: ignore[arg-type,return-value]
            reverse=numeric != self.is_reversed,
        )
        return [row for _, row in known] + [row for each, row in found if each is None]
