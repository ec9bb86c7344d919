"""Numbers and times as text."""

from datetime import datetime, tzinfo

_SECOND, _MINUTE, _HOUR, _DAY = 1, 60, 3600, 86_400
_KILOWATT_HOUR = 3_600_000
UNKNOWN = "not known"

# The labels of the dashboard.
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


def duration(seconds: float) -> str:
    """Return a duration in its two largest units: 2 h 13 min."""
    rest = round(seconds)
    if rest < _MINUTE:
        return f"{seconds:.1f} s" if seconds < 10 else f"{rest} s"  # noqa: PLR2004 - two digits
    units = ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (_SECOND, "s"))
    index = next(index for index, (length, _) in enumerate(units) if rest >= length)
    (length, name), (smaller, smaller_name) = units[index], units[index + 1]
    count, more = rest // length, rest % length // smaller
    return f"{count} {name} {more} {smaller_name}" if more else f"{count} {name}"


def size(number: float) -> str:
    """Return a number of bytes in binary units, as on the dashboard: 48.2 GB."""
    for power, unit in enumerate(("bytes", "kB", "MB", "GB"), start=1):
        if number < 1024**power:
            return f"{digits(number / 1024 ** (power - 1))} {unit}"
    return f"{digits(number / 1024**4)} TB"


def energy(joules: float) -> str:
    """Return an energy: 1.21 kWh, or 34 Wh."""
    kilowatt_hours = joules / _KILOWATT_HOUR
    if kilowatt_hours >= 1:
        return f"{digits(kilowatt_hours)} kWh"
    return f"{digits(kilowatt_hours * 1000)} Wh"


def percent(number: float) -> str:
    """Return a share: 87%."""
    return f"{digits(number)}%"


def digits(number: float) -> str:
    """Return ``number`` with three significant digits."""
    decimals = 0 if abs(number) >= 100 else 1 if abs(number) >= 10 else 2  # noqa: PLR2004
    text = f"{number:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def reason(name: str) -> str:
    """Return the label of a throttle reason."""
    return _REASONS.get(name, name.replace("_", " "))


def moment(timestamp: int, zone: tzinfo) -> str:
    """Return a date and time: 28 Nov 2026, 04:10:00."""
    return _local(timestamp, zone).strftime("%-d %b %Y, %H:%M:%S")


def time_of_day(timestamp: int, zone: tzinfo, *, seconds: bool) -> str:
    """Return a time: 04:10, or 04:10:00."""
    return _local(timestamp, zone).strftime("%H:%M:%S" if seconds else "%H:%M")


def day(timestamp: int, zone: tzinfo) -> str:
    """Return a day: 28 Nov."""
    return _local(timestamp, zone).strftime("%-d %b")


def zone_name(timestamp: int, zone: tzinfo) -> str:
    """Return the name of ``zone`` at that time, with its offset: CET (UTC+01:00)."""
    local = _local(timestamp, zone)
    offset = local.strftime("%z")
    name = local.strftime("%Z")
    return name if name == "UTC" else f"{name} (UTC{offset[:3]}:{offset[3:]})"


def _local(timestamp: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(timestamp / 1000, zone)
