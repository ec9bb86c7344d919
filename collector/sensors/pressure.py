"""Linux pressure stall information (PSI).

The format: https://docs.kernel.org/accounting/psi.html
"""

import re
from pathlib import Path
from typing import NamedTuple

from collector.sensors.files import read_file

_AVERAGE = re.compile(rb"^(some|full) avg10=([0-9.]+)", re.MULTILINE)


class Pressure(NamedTuple):
    """The percentage of the last 10 s in which some task, or every task, waited."""

    some: float | None = None
    full: float | None = None


def parse_pressure(text: bytes) -> Pressure:
    """Return the values in a file of ``/proc/pressure``; a value without a line is None."""
    return Pressure(**{who.decode(): float(share) for who, share in _AVERAGE.findall(text)})


def read_pressure(file: Path) -> Pressure:
    """Return the pressure in ``file``; all values are None if the kernel has no such file."""
    try:
        return parse_pressure(read_file(file))
    except OSError:  # the file does not exist, or EOPNOTSUPP with the kernel option psi=0
        return Pressure()
