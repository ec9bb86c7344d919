"""Converts samples to the numbers that the history stores, and stored numbers to columns."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from telemetry.catalogue import Family, Field, Kind, Retention, family_of
from telemetry.errors import HistoryRejectedError
from telemetry.history.port import Columns, Query
from telemetry.samples import Sample

_ONE = (Kind.NUMBER, Kind.INTEGER)
_SEVERAL = (Kind.NUMBERS, Kind.NUMBERS_BY_NAME, Kind.GROUPS)
_LENGTHS = 64  # the most tuples of column names in the cache: one for each length of each list


def unknown_channel(name: str) -> HistoryRejectedError:
    """Return the error for a channel that has no history."""
    return HistoryRejectedError(f"The channel {name!r} has no history.", "unknown channel")


def not_unicode() -> HistoryRejectedError:
    """Return the error for a name that cannot be encoded as UTF-8."""
    return HistoryRejectedError("The name of a host or device is not valid Unicode.", "no Unicode")


def numbers_of(sample: Sample) -> dict[str, float | None]:
    """Return the numbers of ``sample``, keyed by column name.

    Raises HistoryRejectedError if the sample's channel has no history.
    """
    family = family_of(sample.channel)
    if family is None or family.retention is not Retention.WINDOW:
        raise unknown_channel(sample.channel)
    return columns_of(family, sample.values)


def columns_of(family: Family, values: Mapping[str, Any]) -> dict[str, float | None]:
    """Convert the numbers of a payload to columns.

    A list becomes columns such as ``per_core.0`` and ``per_core.1``. An object becomes columns such
    as ``throttle_shares.gpu_idle`` or ``per_device.sda.read_rate``. Other fields, such as strings
    and lists of objects, are omitted. Fields missing from ``values`` get no column.
    """
    columns = dict(values)  # removing the few other fields is faster than picking the numbers
    for field in _others(family):
        value = columns.pop(field.name, None)
        if value and field.kind in _SEVERAL:
            columns.update(_leaves(field, value))
    return columns


def scalars_of(family: Family) -> tuple[str, ...]:
    """Return the fields of ``family`` whose value is a single number."""
    return tuple(each.name for each in family.fields if each.kind in _ONE)


def field_names(family: Family) -> tuple[str, ...]:
    """Return the fields of ``family`` that contain numbers."""
    several = (each.name for each in family.fields if each.kind in _SEVERAL)
    return *scalars_of(family), *several


@cache
def _others(family: Family) -> tuple[Field, ...]:
    """Return the fields of ``family`` whose value is not a single number."""
    return tuple(each for each in family.fields if each.kind not in _ONE)


def _leaves(field: Field, value: Any) -> Iterable[tuple[str, float | None]]:  # noqa: ANN401 - JSON
    if field.kind is Kind.NUMBERS:
        return zip(_item_names(field.name, len(value)), value, strict=True)
    if field.kind is Kind.NUMBERS_BY_NAME:
        return [(f"{field.name}.{key}", item) for key, item in value.items()]
    return [
        (f"{field.name}.{key}.{member.name}", group.get(member.name))
        for key, group in value.items()
        for member in field.members
    ]


def samples_of(host: str, channel: str, columns: Columns) -> Iterator[Sample]:
    """Yield a sample for each row of ``columns`` that contains a number.

    The samples contain only numbers, because the history does not store text. Rows that mark an
    outage are skipped.
    """
    family = family_of(channel)
    kinds = {} if family is None else {field.name: field.kind for field in family.fields}
    scalars = {name: column for name, column in columns.fields.items() if name in kinds}
    leaves = [
        (*_place(name, kinds), column)
        for name, column in columns.fields.items()
        if name not in kinds and name.partition(".")[0] in kinds
    ]
    for row, timestamp in enumerate(columns.timestamps):
        values: dict[str, Any] = {name: column[row] for name, column in scalars.items()}
        for field, key, member, column in leaves:
            if (value := column[row]) is None:
                continue
            several = values.setdefault(field, {})
            if member:
                several.setdefault(key, {})[member] = value
            else:
                several[key] = value
        for field in {leaf[0] for leaf in leaves if kinds[leaf[0]] is Kind.NUMBERS} & values.keys():
            values[field] = [values[field][key] for key in sorted(values[field], key=int)]
        if any(value is not None for value in values.values()):
            yield Sample(channel, host, timestamp, values)


def _place(column: str, kinds: Mapping[str, Kind]) -> tuple[str, str, str]:
    """Split a column's name into field, key (or index) and member; key and member may be empty."""
    field, _, key = column.partition(".")
    if kinds[field] is Kind.GROUPS:
        key, _, member = key.rpartition(".")
        return field, key, member
    return field, key, ""


@lru_cache(_LENGTHS)
def _item_names(name: str, length: int) -> tuple[str, ...]:
    return tuple(f"{name}.{index}" for index in range(length))


def assemble(
    channel: str,
    query: Query,
    timestamps: Sequence[int],
    values: Mapping[str, Sequence[float | None]],
    bucket_width: int | None = None,
) -> Columns:
    """Return the answer for ``channel``; each column of ``values`` has one value per timestamp.

    The answer has a column for each field that ``query`` selects and whose value is a single
    number, even if all values are None. Any other column, such as the read rate of a disk, depends
    on the hardware, and is present only if it contains a number.
    """
    family = family_of(channel)
    scalars = scalars_of(family) if family is not None else ()
    fields: dict[str, list[float | None]] = {
        name: [None] * len(timestamps) for name in scalars if query.selects(name)
    }
    for name, column in values.items():
        if any(value is not None for value in column):
            fields[name] = list(column)
    return Columns(list(timestamps), fields, bucket_width)
