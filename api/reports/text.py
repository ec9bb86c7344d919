"""Formats shares, throttle reasons and times as text."""

from datetime import datetime, tzinfo

from telemetry.payloads import MAX_TIMESTAMP
from telemetry.quantities import digits

_DAY = 86_400_000
_LAST = MAX_TIMESTAMP - _DAY  # can be shown in every time zone

# The dashboard uses the same labels.
_REASONS = {
    "applications_clocks_setting": "clocks set by an administrator",
    "clocks_setting": "clocks set by an administrator",
    "display_clock_setting": "display clocks",
    "hw_power_brake_slowdown": "external power brake",
    "hw_slowdown": "hardware slowdown",
    "hw_thermal_slowdown": "too hot (hardware)",
    "sw_power_cap": "power limit",
    "sw_thermal_slowdown": "too hot",
    "sync_boost": "synchronized with slower GPUs",
}


def percent(number: float) -> str:
    """Return a share as text, such as 87%."""
    return f"{digits(number)}%"


def reason(name: str) -> str:
    """Return the label of a throttle reason."""
    return _REASONS.get(name, name.replace("_", " "))


def moment(timestamp: int, zone: tzinfo) -> str:
    """Return a date and time as text, such as 28 Nov 2026, 04:10:00."""
    return _local(timestamp, zone).strftime("%-d %b %Y, %H:%M:%S")


def time_of_day(timestamp: int, zone: tzinfo, *, seconds: bool) -> str:
    """Return a time of day as text, such as 04:10 or 04:10:00."""
    return _local(timestamp, zone).strftime("%H:%M:%S" if seconds else "%H:%M")


def day(timestamp: int, zone: tzinfo) -> str:
    """Return a day as text, such as 28 Nov."""
    return _local(timestamp, zone).strftime("%-d %b")


def zone_name(timestamp: int, zone: tzinfo) -> str:
    """Return the name and the offset of ``zone`` at ``timestamp``, such as CET (UTC+01:00).

    For UTC, return only the name.
    """
    local = _local(timestamp, zone)
    offset = local.strftime("%z")
    name = local.strftime("%Z")
    return name if name == "UTC" else f"{name} (UTC{offset[:3]}:{offset[3:]})"


def _local(timestamp: int, zone: tzinfo) -> datetime:
    """Return ``timestamp`` as local time, clamped so that it is valid in every time zone."""
    return datetime.fromtimestamp(min(max(timestamp, _DAY), _LAST) / 1000, zone)
