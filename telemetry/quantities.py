"""Formats durations, sizes and energies for people to read. Pure."""

_SECOND, _MINUTE, _HOUR, _DAY = 1, 60, 3600, 86_400
_UNITS = ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (_SECOND, "s"))
_KILOWATT_HOUR = 3_600_000


def duration(seconds: float) -> str:
    """Return a duration in at most two units, such as 2 h 13 min; 0.0 s if it is negative."""
    seconds = max(0.0, seconds)  # negative if the clocks of hosts differ
    rest = round(seconds)
    if rest < _MINUTE:
        return f"{seconds:.1f} s" if seconds < 10 else f"{rest} s"  # noqa: PLR2004 - two digits
    index = next(index for index, (length, _) in enumerate(_UNITS) if rest >= length)
    (length, name), (smaller, smaller_name) = _UNITS[index], _UNITS[index + 1]
    count, more = rest // length, rest % length // smaller
    return f"{count} {name} {more} {smaller_name}" if more else f"{count} {name}"


def size(number: float) -> str:
    """Return a number of bytes in binary units like nvidia-smi's, such as 48.2 GiB."""
    for power, unit in enumerate(("bytes", "KiB", "MiB", "GiB"), start=1):
        if number < 1024**power:
            return f"{digits(number / 1024 ** (power - 1))} {unit}"
    return f"{digits(number / 1024**4)} TiB"


def energy(joules: float) -> str:
    """Return an energy in kWh or Wh, such as 1.21 kWh or 34 Wh."""
    kilowatt_hours = joules / _KILOWATT_HOUR
    if kilowatt_hours >= 1:
        return f"{digits(kilowatt_hours)} kWh"
    return f"{digits(kilowatt_hours * 1000)} Wh"


def with_unit(number: str, unit: str) -> str:
    """Return ``number`` with its unit, such as 87% or 215 W."""
    return f"{number}%" if unit == "%" else f"{number} {unit}"


def digits(number: float) -> str:
    """Return ``number`` with up to 2 decimals below 10, up to 1 below 100, and none from 100."""
    decimals = 0 if abs(number) >= 100 else 1 if abs(number) >= 10 else 2  # noqa: PLR2004
    text = f"{number:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
