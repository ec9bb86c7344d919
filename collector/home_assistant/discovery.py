"""Generates Home Assistant's discovery messages from the catalogue. Pure.

Each message describes a device (`dev`), its components (`cmps`), and the program that sends the
message (`o`, the origin). This requires Home Assistant 2024.11 or later.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from collector.home_assistant.units import UNITS
from telemetry import __version__
from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import STATUS_CHANNEL, Family, Field, Kind, family_of, place_of
from telemetry.status import STALE_INTERVALS

PREFIX = "homeassistant"
BIRTH_TOPIC = f"{PREFIX}/status"
"""The topic to which Home Assistant publishes ``online`` when it starts."""

_SHORTEST_EXPIRY = 30  # seconds
_ACRONYMS = {"cpu", "ram", "gpu", "uuid", "pci", "sm", "ecc", "mig", "oom", "tx", "rx", "id"}
_SPELLINGS = {"pcie": "PCIe", "nvlink": "NVLink"} | {word: word.upper() for word in _ACRONYMS}
_NUMBERS = (Kind.NUMBER, Kind.INTEGER)


class Key(NamedTuple):
    """Identifies a device: the GPU with the id ``gpu``, or the machine if ``gpu`` is None."""

    gpu: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """What all discovery messages of a machine have in common.

    ``interval`` is the time between two samples of a channel, in seconds.
    """

    host: str
    topics: TopicScheme
    interval: float

    @property
    def node(self) -> str:
        """The machine's name as a level of a discovery topic."""
        return _node(self.host)

    def topic(self, device: Key) -> str:
        """Return the topic of ``device``'s discovery message."""
        name = "host" if device.gpu is None else f"gpu_{device.gpu}"
        return f"{device_topics(self.host)}/{name}/config"


def device_topics(host: str) -> str:
    """Return the topic below which the devices of ``host`` are announced."""
    return f"{PREFIX}/device/{_node(host)}"


def _node(host: str) -> str:
    """Return a name for ``host`` with only characters that Home Assistant allows in a topic."""
    name = re.sub(r"[^A-Za-z0-9_-]", "_", host)
    digest = hashlib.sha256(host.encode()).hexdigest()[:8]
    return name if name == host else f"{name}_{digest}"


def device_of(channel: str) -> Key:
    """Return the device that a channel belongs to."""
    return Key(place_of(channel).get("id"))


def present_fields(family: Family, values: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the fields that have a value and are shown in Home Assistant."""
    return frozenset(
        field.name
        for field in family.fields
        if values.get(field.name) is not None and _is_shown(field)
    )


def message(
    source: Source,
    device: Key,
    found: Mapping[str, Iterable[str]],
    texts: Mapping[str, Any],
    removed: Iterable[str] = (),
) -> dict[str, Any]:
    """Return the discovery message of ``device``.

    ``found`` maps each channel of the device to the fields that have had a value. If the device is
    a GPU, its vendor, name and UUID are taken from ``texts``, the values of one of its samples.
    ``removed`` names the components that Home Assistant must remove because only an earlier message
    contained them.
    """
    components = dict(_components(source, found))
    components |= {name: {"p": "sensor"} for name in removed if name not in components}
    return {
        "dev": _device(source, device, texts),
        "o": {"name": "System Monitor", "sw": __version__},
        "availability_topic": source.topics.topic(source.host, STATUS_CHANNEL),
        "availability_template": _template(source, "value_json.state"),
        "cmps": components,
    }


def _device(source: Source, device: Key, texts: Mapping[str, Any]) -> dict[str, Any]:
    machine = f"system_monitor_{source.node}"
    if device.gpu is None:
        return {"ids": [machine], "name": source.host, "sw": __version__}
    optional = {"mf": texts.get("vendor"), "mdl": texts.get("name"), "sn": texts.get("uuid")}
    return {
        "ids": [f"{machine}_gpu_{device.gpu}"],
        "name": f"{source.host} GPU {device.gpu}",
        "via_device": machine,
        **{name: value for name, value in optional.items() if value},
    }


def _components(
    source: Source, found: Mapping[str, Iterable[str]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for channel, names in sorted(found.items()):
        family = family_of(channel)
        for field in family.fields if family is not None else ():
            if family is not None and field.name in set(names):
                yield component_id(channel, field.name), _component(source, channel, family, field)


def component_id(channel: str, field: str) -> str:
    """Return the name of a component within its device, such as ``gpu_power``."""
    family = family_of(channel)
    name = "" if family is None else family.name
    instance = place_of(channel).get("n")
    return "_".join(filter(None, (name, instance, field)))


def _component(source: Source, channel: str, family: Family, field: Field) -> dict[str, Any]:
    device = device_of(channel)
    owner = source.node if device.gpu is None else f"{source.node}_gpu_{device.gpu}"
    return {
        "p": "sensor",
        "unique_id": f"system_monitor_{owner}_{component_id(channel, field.name)}",
        "name": _name(channel, family, field),
        "state_topic": source.topics.topic(source.host, channel),
        "value_template": _template(source, _expression(field), numeric=_is_numeric(field)),
        "expire_after": max(_SHORTEST_EXPIRY, round(STALE_INTERVALS * source.interval)),
        **_class(field),
    }


def _class(field: Field) -> dict[str, str]:
    if not _is_numeric(field):
        return {"entity_category": "diagnostic"}
    unit = UNITS[field.unit]
    described = {
        "unit_of_measurement": unit.name,
        "device_class": unit.device_class,
        "state_class": "total_increasing" if field.cumulative else "measurement",
    }
    return {name: value for name, value in described.items() if value is not None}


def _is_numeric(field: Field) -> bool:
    return field.kind not in (Kind.TEXT, Kind.TEXTS) and not field.label


def _is_shown(field: Field) -> bool:
    """Return whether to show a field in Home Assistant.

    A field that is not a metric is not shown. Nor is a field with one value per core, disk or
    interface: it may have hundreds of values.
    """
    if field.metric == "":
        return False
    return field.kind in (*_NUMBERS, Kind.TEXT, Kind.TEXTS, Kind.RECORDS)


def _expression(field: Field) -> str:
    value = f"value_json.{field.name}"
    match field.kind:
        case Kind.TEXTS:
            return f"{value} | join(', ')"
        case Kind.RECORDS:
            return f"{value} | length"
    size = UNITS[field.unit].size
    return value if size == 1 else f"({value} / {size}) | round(3) if {value} is number else None"


def _template(source: Source, expression: str, *, numeric: bool = True) -> str:
    """Return a Jinja template that skips late samples and samples from other hosts.

    Samples from other hosts arrive only if the hosts share their topics. If a sample is skipped,
    the template of a numeric field returns an empty string, which Home Assistant ignores. The
    template of any other field returns the value that Home Assistant already has.
    """
    conditions = ["not value_json.late"]
    if not source.topics.per_host:
        conditions.append(f"value_json.host == {json.dumps(source.host, ensure_ascii=False)}")
    otherwise = "''" if numeric else "this.state"
    return f"{{{{ ({expression}) if {' and '.join(conditions)} else {otherwise} }}}}"


def _name(channel: str, family: Family, field: Field) -> str:
    """Return a readable name, such as ``Memory RAM used``, or ``Power`` for a GPU's power."""
    place = place_of(channel)
    subject = f"mig_{place['n']}" if "n" in place else family.name
    if "id" in place:
        subject = subject.removeprefix("gpu").lstrip("_")
    words = f"{subject}_{field.name}".removeprefix("_").split("_")
    if words[0] in words[1:]:  # such as the field ``processes`` of gpu_processes
        del words[0]
    text = " ".join(_SPELLINGS.get(each, each) for each in words)
    return text[:1].upper() + text[1:]
