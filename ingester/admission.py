"""Limits the names in the history: any publisher can invent hosts and devices."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from telemetry.catalogue import Kind, family_of
from telemetry.errors import MalformedMessageError
from telemetry.events import Event
from telemetry.limits import (
    EVENT_BURST,
    EVENTS_PER_MINUTE,
    MAX_CHANNELS,
    MAX_DEVICES,
    MAX_HOSTS,
    SILENT_SECONDS,
)
from telemetry.rate_limit import RateLimit
from telemetry.samples import Sample

_NAMED = (Kind.GROUPS, Kind.NUMBERS_BY_NAME)


@dataclass(slots=True)
class _Host:
    last_seen: float
    devices: dict[str, dict[str, float]] = field(default_factory=dict)
    """When each device of each channel was last seen."""


class Admission:
    """Admits a limited number of hosts, of channels per host, and of devices per channel.

    First come, first served. A host or device that has been silent for a while is evicted when a
    new one needs its place.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start empty; ``clock`` returns seconds."""
        self._clock = clock
        self._hosts: dict[str, _Host] = {}
        self._events = RateLimit(EVENT_BURST, EVENTS_PER_MINUTE, clock)

    def check(self, sample: Sample) -> None:
        """Return if ``sample`` may be stored.

        Raises MalformedMessageError with the reason ``too many hosts``, ``too many channels`` or
        ``too many devices``.
        """
        now = self._clock()
        host = self._hosts.get(sample.host) or self._new_host(sample.host, now)
        host.last_seen = now
        known = host.devices.get(sample.channel)
        if known is None:
            if len(host.devices) >= MAX_CHANNELS:
                raise MalformedMessageError(
                    "too many channels", f"{sample.channel} of {sample.host!r}"
                )
            known = host.devices[sample.channel] = {}
        known |= dict.fromkeys(_devices(sample), now)
        if len(known) > MAX_DEVICES:
            self._limit_devices(known, sample, now)

    def check_event(self, event: Event, *, retained: bool) -> None:
        """Return if ``event`` may be stored; ``retained``: the broker had kept it from before.

        Raises MalformedMessageError with the reason ``retained event`` or ``too many events``.
        """
        if retained:
            raise MalformedMessageError(
                "retained event", f"publish on {event.channel} without the retain flag"
            )
        if wait := self._events.take():
            detail = f"{EVENT_BURST} at once, then {EVENTS_PER_MINUTE:g} a minute; wait {wait} s"
            raise MalformedMessageError("too many events", f"{event.channel}: {detail}")

    def _new_host(self, name: str, now: float) -> _Host:
        if len(self._hosts) >= MAX_HOSTS:
            silent = min(self._hosts, key=lambda each: self._hosts[each].last_seen)
            if now - self._hosts[silent].last_seen < SILENT_SECONDS:
                raise MalformedMessageError("too many hosts", repr(name))
            del self._hosts[silent]
        host = self._hosts[name] = _Host(now)
        return host

    def _limit_devices(self, known: dict[str, float], sample: Sample, now: float) -> None:
        for name in [each for each, seen in known.items() if now - seen >= SILENT_SECONDS]:
            del known[name]
        if len(known) > MAX_DEVICES:
            for name in list(known)[MAX_DEVICES:]:
                del known[name]
            detail = f"more than {MAX_DEVICES} on {sample.channel} of {sample.host!r}"
            raise MalformedMessageError("too many devices", detail)


def _devices(sample: Sample) -> Iterable[str]:
    family = family_of(sample.channel)
    for each in family.fields if family is not None else ():
        if each.kind in _NAMED:
            named = sample.values.get(each.name)
            if isinstance(named, dict):
                yield from named
