"""Writes parts of Markdown pages."""

from collections.abc import Iterable
from textwrap import fill

_WIDTH = 120  # characters in a line, except in tables


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table with the header ``head``."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def wrapped(text: str, first: str = "") -> str:
    """Return ``text``, wrapped; ``first`` precedes the first line, and the others are indented."""
    return fill(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )
