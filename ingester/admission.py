"""Limits the hosts, channels, devices and events that publishers can add to the history."""

import time
from collections import OrderedDict
from collections.abc import Callable
from functools import cache

from telemetry.catalogue import Family, Kind, Nature, family_of
from telemetry.errors import MalformedMessageError
from telemetry.events import Event
from telemetry.limits import (
    EVENT_BURST,
    EVENTS_PER_MINUTE,
    STATE_BURST,
    STATES_PER_MINUTE,
    Limits,
)
from telemetry.places import Places
from telemetry.rate_limit import RateLimit
from telemetry.samples import Sample

_NAMED = (Kind.GROUPS, Kind.NUMBERS_BY_NAME)


class _Host:
    """The admitted channels of one host, and the admitted devices of each channel."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self.devices: dict[str, Places] = {}
        self.channels = Places(limits.channels, lambda name: self.devices.pop(name, None), clock)


class Admission:
    """Admits a limited number of hosts, of channels per host, and of devices per channel.

    A live sample that exceeds a limit displaces other hosts, channels or devices, but only those
    without a live sample in the last two minutes. If there are too few of these, the sample is
    rejected. A retained sample that exceeds a limit is always rejected. Also limited are the rate
    of events, and the rate at which findings and runs begin and end.
    """

    def __init__(
        self,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start empty; ``clock`` returns seconds."""
        self._limits = limits
        self._clock = clock
        self._known: dict[str, _Host] = {}
        self._hosts = Places(limits.hosts, self._known.pop, clock)
        self._events = RateLimit(EVENT_BURST, EVENTS_PER_MINUTE, clock)
        self._states = RateLimit(STATE_BURST, STATES_PER_MINUTE, clock)
        self._newest: OrderedDict[tuple[str | None, str], str] = OrderedDict()  # the newest ids

    def check(self, sample: Sample, *, retained: bool = False) -> None:
        """Raise MalformedMessageError if ``sample`` must not be stored.

        ``retained`` is true if the broker delivered the sample as a retained message. The error's
        reason is ``too many hosts``, ``too many channels`` or ``too many devices``.
        """
        live, name, channel = not retained, sample.host, sample.channel
        if not self._hosts.claim({name}, live=live):
            raise MalformedMessageError("too many hosts", repr(name))
        host = self._known.get(name)
        if host is None:
            host = self._known[name] = _Host(self._limits, self._clock)
        if not host.channels.claim({channel}, live=live):
            raise MalformedMessageError("too many channels", f"{channel} of {name!r}")
        devices, limit = _devices(sample), self._limits.devices
        if not devices:
            return
        known = host.devices.get(channel)
        if known is None:
            known = host.devices[channel] = Places(limit, clock=self._clock)
        if not known.claim(devices, live=live):
            detail = f"more than {limit} devices on {channel} of {name!r}"
            raise MalformedMessageError("too many devices", detail)

    def check_event(self, event: Event, *, retained: bool) -> None:
        """Raise MalformedMessageError if ``event`` must not be stored.

        ``retained`` is true if the broker delivered the event as a retained message. Only findings
        and runs may be retained. The error's reason is ``retained event``, ``too many events`` or
        ``too many states``.
        """
        family = family_of(event.channel)
        if family is not None and family.nature is Nature.STATE:
            self._check_state(event)
            return
        if retained:
            raise MalformedMessageError(
                "retained event", f"publish to {event.channel} without the retain flag"
            )
        if wait := self._events.take():
            detail = (
                f"at most {EVENT_BURST} in a burst, then {EVENTS_PER_MINUTE:g} a minute; "
                f"wait {wait} s"
            )
            raise MalformedMessageError("too many events", f"{event.channel}: {detail}")

    def _check_state(self, event: Event) -> None:
        """Raise MalformedMessageError if too many states begin or end per minute.

        A message with the same id as the previous message of its host and channel does not count,
        because it neither begins nor ends a state.
        """
        key = event.host, event.channel
        if self._newest.get(key) == event.id:
            self._newest.move_to_end(key)
            return
        if wait := self._states.take():
            detail = (
                f"at most {STATE_BURST} in a burst, then {STATES_PER_MINUTE:g} a minute; "
                f"wait {wait} s"
            )
            raise MalformedMessageError("too many states", f"{event.channel}: {detail}")
        self._newest[key] = event.id
        self._newest.move_to_end(key)
        if len(self._newest) > STATE_BURST:
            self._newest.popitem(last=False)


def _devices(sample: Sample) -> set[str]:
    found: set[str] = set()
    for each in _named(family_of(sample.channel)):
        names = sample.values.get(each)
        if isinstance(names, dict):
            found.update(names)
    return found


@cache
def _named(family: Family | None) -> tuple[str, ...]:
    """Return the names of the fields of ``family`` whose values are dicts keyed by device name."""
    fields = () if family is None else family.fields
    return tuple(field.name for field in fields if field.kind in _NAMED)
