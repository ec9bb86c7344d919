import json

import pytest

from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import MEMORY
from telemetry.decoding import Content
from telemetry.events import Event
from telemetry.recording.lines import Recording, line_of
from telemetry.samples import Sample
from telemetry.status import CollectorState, CollectorStatus

SAMPLE = Sample(
    "system/memory",
    "gpu-07",
    1_767_225_600_000,
    {field.name: field.example for field in MEMORY.fields},
)
STATUS = CollectorStatus("gpu-07", 1_767_225_600_000, CollectorState.ONLINE, "0.1.0", 1, 2.0)


def line(content: Sample | CollectorStatus, topic: str) -> bytes:
    return f"{topic} ".encode() + content.payload() + b"\n"


def contents(recording: Recording, lines: list[bytes]) -> list[Content | None]:
    return [entry.content for entry in recording.read(lines)]


def test_samples_and_statuses_are_read_in_their_order() -> None:
    recording = Recording(TopicScheme())
    lines = [line(SAMPLE, "system/memory"), line(STATUS, "system/status")]
    assert contents(recording, lines) == [SAMPLE, STATUS]
    assert (recording.lines, recording.samples, recording.rejected.total()) == (2, 2, 0)


def test_topics_may_have_a_prefix() -> None:
    lines = [line(SAMPLE, "fleet/gpu-07/system/memory")]
    assert contents(Recording(TopicScheme("fleet/{host}")), lines) == [SAMPLE]


def test_events_removals_and_empty_lines_are_neither_samples_nor_errors() -> None:
    note = json.dumps({"text": "epoch 3"}).encode()
    recording = Recording(TopicScheme())
    lines = [b"system/annotations " + note + b"\n", b"system/gpu/1 (null)\n", b"\n"]
    event, removal = recording.read(lines)
    assert isinstance(event.content, Event)
    assert (removal.address.channel, removal.content, removal.payload) == (
        "system/gpu/1",
        None,
        b"",
    )
    assert (recording.samples, recording.rejected.total()) == (0, 0)


def test_an_event_without_a_time_happened_between_the_samples_around_it() -> None:
    lines = [line(SAMPLE, "system/memory"), b'system/annotations {"text": "epoch 3"}\n']
    _, event = contents(Recording(TopicScheme()), lines)
    assert event is not None
    assert event.timestamp == SAMPLE.timestamp


@pytest.mark.parametrize("topic", ["system/memory", "fleet/a b/system/memory"])
@pytest.mark.parametrize("payload", [SAMPLE.payload(), b"", json.dumps(SAMPLE.values).encode()])
def test_a_message_is_written_as_mosquitto_sub_prints_it(topic: str, payload: bytes) -> None:
    assert line_of(topic, payload) == topic.encode() + b" " + (payload or b"(null)") + b"\n"


def test_a_message_of_several_lines_is_written_as_one_and_read_back() -> None:
    pretty = json.dumps(json.loads(SAMPLE.payload()), indent=2).replace("\n", "\r\n")
    written = line_of("system/memory", pretty.encode())
    assert written.count(b"\n") == 1
    assert contents(Recording(TopicScheme()), [written]) == [SAMPLE]


def test_a_bad_line_is_counted_by_its_reason_and_the_others_are_read() -> None:
    recording = Recording(TopicScheme())
    lines = [
        b"hello\n",
        b"\x00\xff\n",
        b"weather/paris {}\n",
        b'system/memory {"host":"gpu-07"}\n',
        b"system/memory {not json}\n",
        line(SAMPLE, "system/memory"),
    ]
    assert contents(recording, lines) == [SAMPLE]
    assert recording.rejected == {
        "not `topic payload`": 2,
        "unknown channel": 1,
        "not a sample": 2,
    }
    assert recording.first_error == "line 1: not `topic payload`: 'hello'"
