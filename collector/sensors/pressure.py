"""Reads Linux's pressure stall information (PSI).

See https://docs.kernel.org/accounting/psi.html for the format.
"""

import re
from typing import NamedTuple

from collector.sensors.files import KernelFile

_AVERAGE = re.compile(rb"^(some|full) avg10=([0-9.]+)", re.MULTILINE)


class Pressure(NamedTuple):
    """The percentage of the last 10 s during which tasks waited for a resource.

    ``some`` counts the time in which at least one task waited. ``full`` counts only the time in
    which all non-idle tasks waited.
    """

    some: float | None = None
    full: float | None = None


def parse_pressure(text: bytes) -> Pressure:
    """Return the values in the ``text`` of a ``/proc/pressure`` file; a missing value is None."""
    return Pressure(**{who.decode(): float(share) for who, share in _AVERAGE.findall(text)})


def read_pressure(file: KernelFile) -> Pressure:
    """Return the values in ``file``; all values are None if the file cannot be read."""
    try:
        return parse_pressure(file.read())
    except OSError:  # the file does not exist, or EOPNOTSUPP with the kernel option psi=0
        return Pressure()
