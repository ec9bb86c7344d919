"""The building blocks of the catalogue: families, their fields, and the kinds of values."""

import dataclasses
import re
from dataclasses import dataclass
from enum import StrEnum

ROOT = "system"

PLACEHOLDER = re.compile(r"\{(?P<name>\w+)\}")


class Nature(StrEnum):
    """What kind of message a channel carries.

    A sample is a periodic reading. The broker retains the newest sample of each channel, and the
    history averages samples over time. An event marks a moment. Events are never retained or
    averaged. Each event has an id, so duplicates are harmless. A state, such as a run in
    progress, lasts for some time. The broker retains the state's message until the state ends;
    then a message with an empty payload deletes it. The history stores the beginning and the
    end of a state as events.
    """

    SAMPLE = "sample"
    EVENT = "event"
    STATE = "state"


class Retention(StrEnum):
    """How long the history keeps the data of a family.

    With ``NONE``, no data is kept. With ``WINDOW``, samples are kept for ``history_hours``, and
    one-minute points for ``history_days``. With ``DAYS``, events are kept for ``history_days``.
    """

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

    ``fixed`` fields are always sent, because other tools depend on their names. Older collectors
    might omit other fields. A value that the hardware does not report is null.
    ``members`` are the fields of each object if ``kind`` is ``GROUPS`` or ``RECORDS``, or of the
    single object if ``kind`` is ``RECORD``. ``max_length`` limits the characters in a text, or the
    items in a list; if it is None, only the decoder's general limit applies. If a text field has
    ``choices``, its value must be one of these choices.

    The other attributes describe the field to monitoring systems such as Prometheus. A metric's
    name contains ``metric``, or ``name`` if ``metric`` is None. If ``metric`` is empty, the field
    is not a metric. In a list or object, ``label`` is the name of the label that distinguishes the
    items, such as ``core``. If the field is a single text or number and has a ``label``, every
    metric of the family has this label, with the field's value. For a list,
    ``items`` contains the label's value for each element; the default is the element's position.
    A ``cumulative`` number falls only after a restart or a reset of the machine, the
    driver or the hardware.
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


@dataclass(frozen=True, slots=True, eq=False)  # by identity: its hash is used often
class Family:
    """A family of channels whose payloads have the same fields.

    If a host can have several channels of the family, ``channel`` contains placeholders.

    ``retention`` is how long the history keeps the family's data. The collector still publishes
    data that the history does not keep, the broker retains it, and the API serves it. In
    monitoring systems, the values of the channel's placeholders become label values; ``labels``
    contains the label names, in the order of the placeholders.
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
        """Whether a host can have several channels of this family."""
        return "{" in self.channel


def number(name: str, unit: str, text: str, example: object, *, fixed: bool = False) -> Field:
    """Return a numeric field."""
    return Field(name, Kind.NUMBER, unit, text, example, fixed=fixed)


def total(name: str, kind: Kind, unit: str, text: str, example: object) -> Field:
    """Return a field for a cumulative number."""
    return Field(name, kind, unit, text, example, cumulative=True)


def byte_count(name: str, text: str, example: int, *, fixed: bool = False) -> Field:
    """Return a field for a size in bytes."""
    return Field(name, Kind.INTEGER, "bytes", text, example, fixed=fixed)


def pressure(name: str, who: str, resource: str) -> Field:
    """Return a field for a kernel pressure metric (PSI)."""
    text = f"share of the last 10 s during which {who} waited for {resource} (Linux PSI avg10)"
    return Field(name, Kind.NUMBER, "%", text, 0.4)


def count(name: str, unit: str, text: str, example: int) -> Field:
    """Return a field for a whole number."""
    return Field(name, Kind.INTEGER, unit, text, example)
