"""Formats numbers and text for the terminal."""

import math
import unicodedata
from collections.abc import Sequence

from telemetry import quantities
from telemetry.printable import printable

DASH = "\N{EN DASH}"
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")  # binary units, as in nvidia-smi and free
_KIB = 1024
_WHOLE_UNITS = 2  # numbers of bytes and of KiB are shown without decimals
_LONG = 999.5  # rounds to four digits; from here on, decimals are left out
_BARS = " ▁▂▃▄▅▆▇█"
_DECIMALS = ((100, 0), (10, 1), (0, 2))


def number(value: object) -> float | None:
    """Return ``value`` if it is a finite number, else None."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return None


def percent(value: object) -> str:
    """Return a percentage as text, such as ``87%``."""
    return _rounded(value, "%")


def degrees(value: object) -> str:
    """Return a temperature as text, such as ``72°``."""
    return _rounded(value, "°")


def _rounded(value: object, unit: str) -> str:
    known = number(value)
    return DASH if known is None else f"{known:.0f}{unit}"


def size_of(used: object, total: object) -> str:
    """Return the used and total sizes in the unit of the total, such as ``6.2/8.0 GiB``."""
    whole, part = number(total), number(used)
    if whole is None and part is None:
        return DASH
    unit = _unit(part if whole is None else whole)
    texts = [DASH if each is None else _in_unit(each or 0.0, unit) for each in (part, whole)]
    return f"{'/'.join(texts)} {_UNITS[unit]}"


def size(value: object) -> str:
    """Return a number of bytes as text, such as ``6.2 GiB``."""
    known = number(value)
    return DASH if known is None else quantities.size(known)


def _unit(size: float | None) -> int:
    unit = 0
    while size is not None and unit + 1 < len(_UNITS) and size >= _KIB ** (unit + 1):
        unit += 1
    return unit


def _in_unit(size: float, unit: int) -> str:
    value = size / _KIB**unit
    return f"{value:.0f}" if unit < _WHOLE_UNITS or value >= _LONG else f"{value:.1f}"


def rate(value: object) -> str:
    """Return a rate in MB/s as text, with about three digits and without the unit."""
    known = number(value)
    if known is None:
        return DASH
    decimals = next(count for least, count in _DECIMALS if known >= least or least == 0)
    return f"{known:,.{decimals}f}"


def of_limit(value: object, limit: object, unit: str) -> str:
    """Return a value and its limit, such as ``215/450 W``; ``215 W`` if the limit is not known."""
    known, most = number(value), number(limit)
    text = DASH if known is None else f"{known:.0f}"
    return f"{text} {unit}" if most is None else f"{text}/{most:.0f} {unit}"


def share(used: object, total: object) -> float | None:
    """Return ``used`` as a percentage of ``total``; None if either is unknown or ``total`` is 0."""
    part, whole = number(used), number(total)
    return None if part is None or whole is None or whole <= 0 else 100 * part / whole


def sparkline(values: Sequence[float | None], width: int, top: float | None = 100.0) -> str:
    """Return the last ``width`` values as bars; a space stands for a missing value.

    A bar reaches its full height at ``top``, or at the largest value shown if ``top`` is None.
    """
    shown = values[-width:] if width > 0 else ()
    if top is None:
        top = max((value for value in shown if value is not None), default=0.0)
    return "".join(bar(value, top) for value in shown).rjust(max(0, width))


def bar(value: float | None, top: float = 100.0) -> str:
    """Return the character for one bar: the lowest bar for 0, a space for None."""
    if value is None:
        return " "
    share = value / top if top > 0 else 0.0
    return _BARS[1 + min(7, max(0, int(share * 8)))]


def cell_width(text: str) -> int:
    """Return how many terminal columns ``text`` occupies."""
    return sum(
        0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF")
        for each in text
    )


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return ``text`` on one line, truncated or padded with spaces to exactly ``width`` columns.

    Control characters, which names from the bus can contain, are escaped.
    """
    line = printable(text)
    if cell_width(line) > width:
        while line and cell_width(line) > width - 1:
            line = line[:-1]
        line = f"{line}…" if width > 0 else ""
    space = " " * (width - cell_width(line))
    return space + line if right else line + space
