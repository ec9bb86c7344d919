"""Short connections to the broker, for commands that end by themselves."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from telemetry.bus.connection import BusConnection
from telemetry.errors import SystemMonitorError

_SECONDS = 3.0
_POLL_SECONDS = 0.05


@contextmanager
def connected(bus: BusConnection) -> Iterator[None]:
    """Connect ``bus`` for the block. Raises SystemMonitorError if connecting takes over 3 s."""
    logger = logging.getLogger(BusConnection.__module__)
    level = logger.level
    if not logger.isEnabledFor(logging.INFO):
        logger.setLevel(logging.ERROR)  # the command reports the failure itself
    try:
        bus.start()
        deadline = time.monotonic() + _SECONDS
        while not bus.wait_connected(_POLL_SECONDS):
            if bus.failure is not None or time.monotonic() > deadline:
                what = bus.failure or "does not answer"
                raise SystemMonitorError(f"The broker at {bus.address.masked()} {what}.")
        yield
    finally:
        bus.stop()
        logger.setLevel(level)
