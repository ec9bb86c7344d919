"""The metrics of each family in the catalogue."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from itertools import count
from typing import Any, NamedTuple

from telemetry.catalogue import Family, Field, Kind
from telemetry.exposition.text import PREFIX
from telemetry.exposition.units import BASE_UNITS, BaseUnit

Items = Iterable[tuple[object, Any]]


class Metric(NamedTuple):
    """One metric: its name, and how its values are read from a sample.

    The metric is read from ``field``. ``member`` is the member that is read from each group, or
    empty if the field contains no groups. If ``label`` is set, the metric has one series for each
    item that ``items`` returns for the field's value. Without ``label``, the metric has a single
    series. Its value is what ``single`` returns for the field's value, or the field's value itself
    if ``single`` is None.
    """

    name: str
    kind: str
    help: str
    unit: BaseUnit
    field: Field
    label: str = ""
    member: str = ""
    items: Callable[[Any], Items] = dict.items
    single: Callable[[Any], float] | None = None


@cache
def metrics_of(family: Family) -> tuple[Metric, ...]:
    """Return the metrics of ``family``, except the info metric."""
    return tuple(
        metric
        for field in family.fields
        if field.metric != "" and field not in label_fields(family) and field.kind is not Kind.TEXT
        for metric in _metrics(family, field)
    )


@cache
def label_fields(family: Family) -> tuple[Field, ...]:
    """Return the fields of ``family`` whose values are labels of all its metrics."""
    single = (Kind.TEXT, Kind.INTEGER, Kind.NUMBER)
    return tuple(field for field in family.fields if field.label and field.kind in single)


@cache
def info_fields(family: Family) -> tuple[Field, ...]:
    """Return the text fields of ``family`` that are labels only of its info metric."""
    texts = (field for field in family.fields if field.kind is Kind.TEXT and field.metric != "")
    return tuple(field for field in texts if not field.label)


def info_name(family: Family) -> str:
    """Return the name of the info metric, which has text fields as labels and the value 1."""
    return f"{PREFIX}_{family.name}_info"


def _metrics(family: Family, field: Field) -> Iterable[Metric]:
    part = field.name if field.metric is None else field.metric
    match field.kind:
        case Kind.GROUPS:
            for member in field.members:
                yield _metric(family, field, member, f"{part}_{member.name}")._replace(
                    member=member.name, items=partial(_members, member.name)
                )
        case Kind.NUMBERS:
            yield _metric(family, field, field, part)._replace(items=partial(_listed, field.items))
        case Kind.TEXTS:
            yield _metric(family, field, field, part)._replace(items=_present)
        case Kind.RECORDS:
            yield _metric(family, field, field, part)._replace(single=len)
        case _:
            yield _metric(family, field, field, part)


def _metric(family: Family, field: Field, measured: Field, part: str) -> Metric:
    unit = BASE_UNITS[measured.unit]
    if unit.name.endswith("per_second"):
        part = part.removesuffix("_rate")
    ending = "total" if measured.cumulative else ""
    return Metric(
        "_".join(filter(None, (PREFIX, family.name, part, unit.name, ending))),
        "counter" if measured.cumulative else "gauge",
        measured.help if measured is field else f"{measured.help}, by {field.label}",
        unit,
        field,
        field.label,
    )


def _listed(names: tuple[str, ...], values: Iterable[Any]) -> Items:
    return zip(names or count(), values, strict=False)


def _members(member: str, groups: Mapping[str, Mapping[str, Any]]) -> Items:
    return ((name, group.get(member)) for name, group in groups.items())


def _present(texts: Iterable[str]) -> Items:
    return ((text, 1) for text in dict.fromkeys(texts))
