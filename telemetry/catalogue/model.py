"""The building blocks of the catalogue: families, their fields, and the kinds of values."""

import dataclasses
import re
from dataclasses import dataclass
from enum import StrEnum

ROOT = "system"

PLACEHOLDER = re.compile(r"\{(?P<name>\w+)\}")


class Nature(StrEnum):
    """What kind of message a channel carries.

    A sample is a reading: periodic, retained by the broker, averaged over time. An event is a
    moment: never retained, never averaged, and its id makes a second delivery harmless. A state is
    something that is true now, such as a run: retained while it is true, and ended by an empty
    payload. Its beginning and its end are events in the history.
    """

    SAMPLE = "sample"
    EVENT = "event"
    STATE = "state"


class Retention(StrEnum):
    """How long the history keeps a family: not at all, for its window, or for days."""

    NONE = "none"
    WINDOW = "window"
    DAYS = "days"


class Kind(StrEnum):
    """The shape of a field's value."""

    NUMBER = "number"
    INTEGER = "integer"
    TEXT = "text"
    NUMBERS = "list of numbers"
    TEXTS = "list of texts"
    NUMBERS_BY_NAME = "object of numbers"
    GROUPS = "object of objects"
    RECORD = "object"
    RECORDS = "list of objects"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a payload.

    ``fixed`` fields are always sent, because other tools depend on their names. An older collector
    may omit the other fields. A value that the hardware does not report is null. ``members`` are
    the fields of each object if ``kind`` is ``GROUPS`` or ``RECORDS``, or of the object if ``kind``
    is ``RECORD``. ``max_length`` limits a text in characters, or a list in items; None means the
    decoder's limit. If a text field has ``choices``, its value is one of them.

    The other attributes describe the field to monitoring systems such as Prometheus. ``metric`` is
    the field's part of a metric's name: None means ``name``, and an empty text that the field is
    not a metric. ``label`` names what distinguishes the items of a list or object, such as the
    core. The value of a text or number with a ``label`` labels each metric of its family. For a
    list, ``items`` gives the label's value for each element: by default, its position. A
    ``cumulative`` number only grows until the driver or the hardware is reset.
    """

    name: str
    kind: Kind
    unit: str
    help: str
    example: object = dataclasses.field(hash=False)
    fixed: bool = False
    minimum: float | None = 0
    members: tuple["Field", ...] = ()
    max_length: int | None = None
    choices: tuple[str, ...] = ()
    metric: str | None = None
    label: str = ""
    items: tuple[str, ...] = ()
    cumulative: bool = False


@dataclass(frozen=True, slots=True, eq=False)  # compared by identity: its hash is used often
class Family:
    """One family: its channel, with placeholders if a host has several, and its fields.

    ``retention`` is how long the history keeps the family. A family that the history does not keep
    is still published, retained by the broker and served; the ingester skips it. ``labels`` names
    the values of the channel's placeholders in monitoring systems, in their order.
    """

    name: str
    channel: str
    help: str
    fields: tuple[Field, ...]
    nature: Nature = Nature.SAMPLE
    retention: Retention = Retention.WINDOW
    labels: tuple[str, ...] = ()

    @property
    def channel_filter(self) -> str:
        """The MQTT filter that matches every channel of this family."""
        return PLACEHOLDER.sub("+", self.channel)

    @property
    def several(self) -> bool:
        """Whether a host may have several channels of this family."""
        return "{" in self.channel


def number(name: str, unit: str, text: str, example: object, *, fixed: bool = False) -> Field:
    """Return a numeric field."""
    return Field(name, Kind.NUMBER, unit, text, example, fixed=fixed)


def total(name: str, kind: Kind, unit: str, text: str, example: object) -> Field:
    """Return a field for a number that only grows until it is reset."""
    return Field(name, kind, unit, text, example, cumulative=True)


def byte_count(name: str, text: str, example: int, *, fixed: bool = False) -> Field:
    """Return a field for a size in bytes."""
    return Field(name, Kind.INTEGER, "bytes", text, example, fixed=fixed)


def pressure(name: str, who: str, resource: str) -> Field:
    """Return a field that holds a kernel pressure metric (PSI)."""
    text = f"share of the last 10 s during which {who} waited for {resource} (Linux PSI avg10)"
    return Field(name, Kind.NUMBER, "%", text, 0.4)


def count(name: str, unit: str, text: str, example: int) -> Field:
    """Return a field for a whole number."""
    return Field(name, Kind.INTEGER, unit, text, example)
