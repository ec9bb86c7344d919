"""Reads the wall clock in milliseconds, the unit of all timestamps."""

import time


def unix_milliseconds() -> int:
    """Return this machine's time in Unix milliseconds."""
    return time.time_ns() // 1_000_000
