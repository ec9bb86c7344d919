"""Turns the messages of a recording into those of a replay. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from telemetry.bus.messages import Publication
from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import Field, Kind, Nature, Retention
from telemetry.events import Event
from telemetry.recording.lines import Entry
from telemetry.samples import Sample, late
from telemetry.status import CollectorState, CollectorStatus

HOST = "{host}"


@dataclass(frozen=True, slots=True)
class Form:
    """How a replay differs from its recording.

    ``topics`` is the topic scheme of the replay. ``offset``, in milliseconds, is added to all
    times. ``host`` is the new name of each host, in which ``{host}`` stands for the recorded name.
    If ``past`` is true, the replay is only for the history: it publishes neither statuses nor
    retained messages.
    """

    topics: TopicScheme
    offset: int = 0
    host: str = HOST
    past: bool = False

    def name_of(self, host: str) -> str:
        """Return the name that the recorded ``host`` has in the replay."""
        return self.host.replace(HOST, host)


class Replay:
    """Turns the entries of a recording into the messages to publish, as ``form`` specifies.

    It tracks which hosts are online, and which findings and runs have not ended, so that
    ``endings`` can set these hosts offline and delete the retained messages of these findings and
    runs. ``any_host`` is a recorded host, on whose topics events that concern every host are
    published.
    """

    def __init__(self, form: Form, any_host: str) -> None:
        """Start with nothing replayed."""
        self._form = form
        self._any_host = any_host
        self._online: dict[str, dict[str, Any]] = {}  # the statuses of online hosts, by topic
        self._active: dict[str, None] = {}  # the topics of states that have not ended

    def publication(self, entry: Entry) -> Publication | None:
        """Return the message for ``entry``; None if there is nothing to publish."""
        match entry.content:
            case None:
                return self._removal(entry)
            case Sample():
                return self._sample(entry, entry.content)
            case CollectorStatus():
                return self._status(entry, entry.content)
            case Event():
                return self._event(entry, entry.content)

    def endings(self, now: int) -> Iterator[Publication]:
        """Yield the messages that end the replay: they set the replayed hosts offline at ``now``.

        If a finding or run did not end in the recording, its retained message is deleted from the
        broker, but no end is published.
        """
        for topic, body in self._online.items():
            ended = {**body, "timestamp": now, "state": CollectorState.OFFLINE}
            yield Publication(topic, _payload(ended), retain=True)
        for topic in self._active:
            yield Publication(topic, b"", retain=True)

    def _removal(self, entry: Entry) -> Publication | None:
        if self._form.past:
            return None
        topic = self._topic(entry, entry.address.host)
        self._active.pop(topic, None)
        return Publication(topic, b"", retain=True)

    def _sample(self, entry: Entry, sample: Sample) -> Publication | None:
        family = entry.address.family
        if family is None or (self._form.past and family.retention is Retention.NONE):
            return None
        payload = _payload(self._body(entry, family.fields))
        topic = self._topic(entry, sample.host)
        if sample.late:
            return Publication(topic, payload, retain=False)
        if self._form.past:
            return Publication(topic, late(payload), retain=False)
        return Publication(topic, payload, retain=True)

    def _status(self, entry: Entry, status: CollectorStatus) -> Publication | None:
        if self._form.past:
            return None
        topic = self._topic(entry, status.host)
        body = self._body(entry, ())
        body["started"] += self._form.offset
        if status.state is CollectorState.ONLINE:
            self._online[topic] = body
        else:
            self._online.pop(topic, None)
        return Publication(topic, _payload(body), retain=True)

    def _event(self, entry: Entry, event: Event) -> Publication | None:
        family = entry.address.family
        if family is None:
            return None
        is_active = family.nature is Nature.STATE and not event.is_end
        if is_active and self._form.past:
            return None
        topic = self._topic(entry, event.host)
        body = self._body(entry, family.fields)
        body["timestamp"] = event.timestamp + self._form.offset
        if family.nature is Nature.EVENT and self._form.offset:
            body.pop("id", None)  # at another time, this is another event
        if is_active:
            self._active[topic] = None
        return Publication(topic, _payload(body), retain=is_active)

    def _topic(self, entry: Entry, host: str | None) -> str:
        name = self._form.name_of(host or self._any_host)
        return self._form.topics.topic(name, entry.address.channel)

    def _body(self, entry: Entry, fields: tuple[Field, ...]) -> dict[str, Any]:
        """Return the payload with the new times and host.

        The payload is parsed again, because the decoded content lacks fields that a newer version
        may have added.
        """
        body = _parsed(entry.payload)
        if body.get("host") is not None:
            body["host"] = self._form.name_of(body["host"])
        if body.get("timestamp") is not None:
            body["timestamp"] += self._form.offset
        _shift(body, fields, self._form.offset)
        return body


def _shift(values: dict[str, Any], fields: tuple[Field, ...], offset: int) -> None:
    """Add ``offset`` to the Unix times in ``values``: all integer fields whose unit is ms."""
    for field in fields:
        value = values.get(field.name)
        if value is None:
            continue
        if field.kind is Kind.INTEGER and field.unit == "ms":
            values[field.name] = value + offset
        elif field.members:
            for member in _objects_in(field, value):
                _shift(member, field.members, offset)


def _objects_in(field: Field, value: Any) -> Iterable[dict[str, Any]]:  # noqa: ANN401 - JSON
    match field.kind:
        case Kind.GROUPS:
            objects: Iterable[dict[str, Any]] = value.values()
        case Kind.RECORD:
            objects = (value,)
        case _:
            objects = value
    return objects


def _parsed(payload: bytes) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(payload)
    return body


def _payload(body: Mapping[str, object]) -> bytes:
    return json.dumps(body, separators=(",", ":"), allow_nan=False).encode()
