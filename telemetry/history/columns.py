"""A sample's numbers on their way into a store, and an answer's columns on their way out."""

import math
from collections.abc import Mapping, Sequence

from telemetry.catalogue import Family, Kind, Retention, family_of
from telemetry.errors import HistoryRejectedError
from telemetry.history.port import Columns
from telemetry.samples import Sample


def no_channel(name: str) -> HistoryRejectedError:
    """Return the error for a sample whose channel is not in the catalogue."""
    return HistoryRejectedError(f"{name!r} is not a channel of metrics.", "unknown channel")


def no_unicode() -> HistoryRejectedError:
    """Return the error for a sample with a name that no store can hold."""
    return HistoryRejectedError("A host or device has a name that is no Unicode.", "no Unicode")


def numbers_of(sample: Sample) -> dict[str, float]:
    """Return the values of ``sample`` that are there, by column.

    Raises HistoryRejectedError where its channel has no history.
    """
    family = family_of(sample.channel)
    if family is None or family.retention is not Retention.WINDOW:
        raise no_channel(sample.channel)
    columns = columns_of(family, sample.values)
    return {
        name: float(value)
        for name, value in columns.items()
        if value is not None and math.isfinite(value)
    }


def columns_of(family: Family, values: Mapping[str, object]) -> dict[str, float | int | None]:
    """Flatten a payload's numbers for the history.

    A list becomes ``per_core.0``, ``per_core.1``, …; an object becomes ``throttle_shares.gpu_idle``
    or ``per_device.sda.read_rate``. Texts and lists of objects are left out. Missing values are
    None.
    """
    columns: dict[str, float | int | None] = {}
    for field in family.fields:
        value = values.get(field.name)
        if field.kind in (Kind.NUMBER, Kind.INTEGER):
            columns[field.name] = value if isinstance(value, int | float) else None
        elif field.kind is Kind.NUMBERS and isinstance(value, list):
            columns |= {f"{field.name}.{index}": item for index, item in enumerate(value)}
        elif field.kind is Kind.NUMBERS_BY_NAME and isinstance(value, Mapping):
            columns |= {f"{field.name}.{key}": item for key, item in value.items()}
        elif field.kind is Kind.GROUPS and isinstance(value, Mapping):
            for key, group in value.items():
                for member in field.members:
                    columns[f"{field.name}.{key}.{member.name}"] = group.get(member.name)
    return columns


def assemble(
    channel: str,
    timestamps: Sequence[int],
    values: Mapping[str, Sequence[float | None]],
    bucket_width: int | None = None,
) -> Columns:
    """Return the columns of ``channel``, ``values`` being aligned with ``timestamps``.

    A field of the catalogue is always there, null where nothing was reported. A field that comes
    and goes with the hardware, such as a disk's, is there if it has a value.
    """
    family = family_of(channel)
    scalars = columns_of(family, {}) if family is not None else {}
    fields: dict[str, list[float | None]] = {name: [None] * len(timestamps) for name in scalars}
    for name, column in values.items():
        if any(value is not None for value in column):
            fields[name] = list(column)
    return Columns(list(timestamps), fields, bucket_width)
