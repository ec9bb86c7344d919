"""Writes names, labels and lines in Prometheus' text format."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from telemetry.printable import printable

PREFIX = "system_monitor"

_IN_LABEL = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_IN_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})


def labels_of(labels: Mapping[str, object]) -> str:
    """Return the text between a series' braces; labels without a value are omitted."""
    return ",".join(
        f'{name}="{escaped(value)}"' for name, value in labels.items() if value not in (None, "")
    )


@lru_cache(maxsize=32_768)  # the names of a fleet hardly change from scrape to scrape
def escaped(value: object) -> str:
    """Return a label's value, escaped for use between quotes.

    Control characters are escaped too, because people also read metrics with curl in a terminal.
    """
    return "\n".join(map(printable, str(value).split("\n"))).translate(_IN_LABEL)


def block(name: str, kind: str, meaning: str, lines: Iterable[str]) -> str:
    """Return the text of a metric with its ``lines``, or an empty string if there are none.

    Each of ``lines`` has the form `{labels} value`; the metric's name and the newline are added.
    """
    series = f"\n{name}".join(lines)
    if not series:
        return ""
    described = f"{meaning[:1].upper()}{meaning[1:]}".translate(_IN_HELP)
    return f"# HELP {name} {described}\n# TYPE {name} {kind}\n{name}{series}\n"
