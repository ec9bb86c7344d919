"""What a benchmark measures: figures beside those of a peer."""

import importlib
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HEAD = "| what | System Monitor | peer | ratio | aim |\n| --- | --- | --- | --- | --- |"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of ours and, if there is one, that of a peer from the same run.

    ``aim`` is what we want to reach. If the peer is not installed, ``theirs`` is None.
    """

    what: str
    ours: float
    unit: str
    aim: str = ""
    peer: str = ""
    theirs: float | None = None

    def row(self) -> str:
        """Return the figure as a row below ``HEAD``."""
        peer, ratio = self.peer, ""
        if self.theirs is not None:
            peer, ratio = (
                f"{peer} {_text(self.theirs, self.unit)}",
                f"{self.ours / self.theirs:.2f}",
            )
        elif peer:
            peer = f"{peer} not found"
        return f"| {self.what} | {_text(self.ours, self.unit)} | {peer} | {ratio} | {self.aim} |"


def _text(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 0.1 else 3
    return f"{value:,.{digits}f} {unit}"


def medians(rounds: Iterable[Sequence[float]]) -> list[float]:
    """Return the median of each figure, given the figures of each round."""
    return [statistics.median(each) for each in zip(*rounds, strict=True)]


def print_table(figures: Iterable[Figure]) -> None:
    """Print the table row by row, as the figures come."""
    print(HEAD, flush=True)
    for each in figures:
        print(each.row(), flush=True)


def figures_of(benchmark: str, rounds: int) -> list[Figure]:
    """Return what the function ``figures`` of the module ``benchmark`` measures."""
    return list(importlib.import_module(f"tests.benchmarks.{benchmark}").figures(rounds))
