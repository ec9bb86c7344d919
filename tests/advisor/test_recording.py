import json

from advisor.recording import Recording
from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import MEMORY
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


def test_samples_and_statuses_are_read_in_their_order() -> None:
    recording = Recording(TopicScheme())
    lines = [line(SAMPLE, "system/memory"), line(STATUS, "system/status")]
    assert list(recording.read(lines)) == [SAMPLE, STATUS]
    assert (recording.lines, recording.samples, recording.rejected.total()) == (2, 2, 0)


def test_topics_may_have_a_prefix() -> None:
    lines = [line(SAMPLE, "fleet/gpu-07/system/memory")]
    assert list(Recording(TopicScheme("fleet/{host}")).read(lines)) == [SAMPLE]


def test_events_removals_and_empty_lines_are_no_samples_and_no_errors() -> None:
    note = json.dumps({"text": "epoch 3"}).encode()
    recording = Recording(TopicScheme())
    lines = [b"system/annotations " + note + b"\n", b"system/gpu/1 (null)\n", b"\n"]
    assert not list(recording.read(lines))
    assert (recording.samples, recording.rejected.total()) == (0, 0)


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
    assert list(recording.read(lines)) == [SAMPLE]
    assert recording.rejected == {
        "not `topic payload`": 2,
        "unknown channel": 1,
        "not a sample": 2,
    }
    assert recording.first_error == "line 1: not `topic payload`: 'hello'"
