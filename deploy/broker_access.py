"""Connects commands such as `check` and `record` to the broker."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from telemetry.bus.connection import BusConnection
from telemetry.errors import SystemMonitorError

_SECONDS = 3.0
_SUBSCRIBED_SECONDS = 5.0
_POLL_SECONDS = 0.05


@contextmanager
def connected(bus: BusConnection) -> Iterator[None]:
    """Keep ``bus`` connected during the block; at the default log level, failures are not logged.

    Raises SystemMonitorError if connecting fails or takes more than 3 s.
    """
    with _unlogged(), started(bus):
        yield


@contextmanager
def subscribed(bus: BusConnection) -> Iterator[None]:
    """Like ``started``, but begin the block only once the broker has accepted all subscriptions.

    Also raises SystemMonitorError if the subscriptions are not accepted within 5 s.
    """
    with started(bus):
        if not bus.wait_subscribed(_SUBSCRIBED_SECONDS):
            raise SystemMonitorError(
                bus.outage or f"The broker at {bus.address.masked()} does not answer."
            )
        yield


@contextmanager
def started(bus: BusConnection) -> Iterator[None]:
    """Keep ``bus`` connected during the block; failures after the first connection are logged.

    Raises SystemMonitorError if connecting fails, or takes more than 3 s.
    """
    try:
        with _unlogged():
            bus.start()
            deadline = time.monotonic() + _SECONDS
            while not bus.wait_connected(_POLL_SECONDS):
                if bus.failure is not None or time.monotonic() > deadline:
                    what = bus.failure or "does not answer"
                    raise SystemMonitorError(f"The broker at {bus.address.masked()} {what}.")
        yield
    finally:
        bus.stop()


@contextmanager
def _unlogged() -> Iterator[None]:
    logger = logging.getLogger(BusConnection.__module__)
    level = logger.level
    if not logger.isEnabledFor(logging.INFO):
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
