"""Lines of styled text, and tables made of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from deploy.top.text import fit


class Style(StrEnum):
    """The style of a part of a line; ``app`` chooses a colour for each style."""

    PLAIN = "plain"
    DIM = "dim"
    TITLE = "title"
    GOOD = "good"
    BAR = "bar"
    WARNING = "warning"
    CRITICAL = "critical"
    SELECTED = "selected"


class Span(NamedTuple):
    """A part of a line, in one style."""

    text: str
    style: Style = Style.PLAIN


Line: TypeAlias = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Columns with ``width`` 0 share the rest of the line. If ``right`` is true, the column is
    right-aligned.
    """

    title: str
    width: int
    right: bool = False


def plain(lines: Iterable[Line]) -> str:
    """Return ``lines`` without their styles."""
    return "\n".join("".join(span.text for span in line).rstrip() for line in lines)


def widths(columns: Sequence[Column], width: int, least: int = 8) -> list[int]:
    """Return the width of each column of a line of ``width`` characters.

    Columns are separated by one space. A column whose own width is 0 gets at least
    ``least`` characters, even if the line then exceeds ``width``.
    """
    taken = sum(column.width for column in columns) + len(columns) - 1
    flexible = sum(column.width == 0 for column in columns)
    rest = max(least * flexible, width - taken)
    shares = iter([(rest + index) // flexible for index in range(flexible)] if flexible else [])
    return [column.width or next(shares) for column in columns]


def header(columns: Sequence[Column], sizes: Sequence[int], mark: str | None = None) -> Line:
    """Return the line of column titles, with ``▾`` after the title ``mark``."""
    titles = [f"{each.title}▾" if each.title == mark else each.title for each in columns]
    return row(columns, sizes, [Span(title, Style.DIM) for title in titles])


def row(columns: Sequence[Column], sizes: Sequence[int], cells: Sequence[Span]) -> Line:
    """Return ``cells`` as one line of a table."""
    spans: list[Span] = []
    for column, size, cell in zip(columns, sizes, cells, strict=True):
        if spans:
            # In the selected row, spaces are highlighted too, so that it looks like one selection.
            spans.append(Span(" ", cell.style if cell.style is Style.SELECTED else Style.PLAIN))
        spans.append(Span(fit(cell.text, size, right=column.right), cell.style))
    return tuple(spans)
