import json
from typing import Any

import pytest

from telemetry.bus.messages import Publication
from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import FAMILIES, FINDING, RUN, Family, Field
from telemetry.decoding import decode, resolve
from telemetry.events import END
from telemetry.recording.lines import Recording, line_of
from telemetry.recording.replay import Form, Replay
from telemetry.samples import Sample, late
from telemetry.status import CollectorState, CollectorStatus

NOW = 1_767_225_600_000
DAY = 86_400_000
PLAIN = TopicScheme()
FLEET = TopicScheme("fleet/{host}")
CPU = Sample("system/cpu", "a", NOW, {"utilization": 37.5, "per_core": [1.5, None], "new": [1]})
ONLINE = CollectorStatus("a", NOW, CollectorState.ONLINE, "1", NOW - DAY, 2.0)
OFFLINE = CollectorStatus("a", NOW, CollectorState.OFFLINE, "1", NOW - DAY, 2.0)


def replayed(
    form: Form, *messages: tuple[str, bytes], recorded: TopicScheme = PLAIN
) -> list[Publication | None]:
    replay = Replay(form, "a")
    entries = Recording(recorded).read(line_of(*message) for message in messages)
    return [replay.publication(entry) for entry in entries]


def example(family: Family, **more: object) -> dict[str, Any]:
    """Return the body of a message of host a, with the examples of the catalogue."""
    return {"host": "a", **{field.name: field.example for field in family.fields}, **more}


def body(publication: Publication | None) -> Any:
    assert publication is not None
    return json.loads(publication.payload)


def test_a_sample_is_published_at_its_new_time_with_the_fields_of_a_newer_version() -> None:
    (found,) = replayed(Form(PLAIN, DAY), ("system/cpu", CPU.payload()))
    assert found is not None
    assert (found.topic, found.retain) == ("system/cpu", True)
    assert body(found) == {**json.loads(CPU.payload()), "timestamp": NOW + DAY}


def test_without_an_offset_a_sample_is_unchanged() -> None:
    (found,) = replayed(Form(PLAIN), ("system/cpu", CPU.payload()))
    assert found == Publication("system/cpu", CPU.payload(), retain=True)


def test_a_late_sample_stays_late_and_is_not_retained() -> None:
    (found,) = replayed(Form(PLAIN, 1), ("system/cpu", late(CPU.payload())))
    assert found is not None
    assert (body(found)["late"], found.retain) == (True, False)


def test_hosts_get_their_new_names_in_topics_and_payloads() -> None:
    form = Form(FLEET, host="replay-{host}")
    cpu, removal, status = replayed(
        form,
        ("fleet/a/system/cpu", CPU.payload()),
        ("fleet/a/system/gpu/0", b""),
        ("fleet/a/system/status", ONLINE.payload()),
        recorded=FLEET,
    )
    assert cpu is not None
    assert (cpu.topic, body(cpu)["host"]) == ("fleet/replay-a/system/cpu", "replay-a")
    assert removal == Publication("fleet/replay-a/system/gpu/0", b"", retain=True)
    assert body(status)["host"] == "replay-a"


def test_a_recording_with_a_prefix_is_published_without_one() -> None:
    (found,) = replayed(Form(PLAIN), ("fleet/a/system/cpu", CPU.payload()), recorded=FLEET)
    assert found == Publication("system/cpu", CPU.payload(), retain=True)


def test_a_status_moves_with_the_start_of_its_collector() -> None:
    (found,) = replayed(Form(PLAIN, 5), ("system/status", ONLINE.payload()))
    assert (body(found)["timestamp"], body(found)["started"]) == (NOW + 5, NOW - DAY + 5)


def test_the_times_in_a_list_of_processes_move() -> None:
    process = {"pid": 1, "name": "python3", "memory_used": 1, "started": NOW - 10}
    values = {"processes": [process, {**process, "started": None}], "more": 0}
    sample = Sample("system/gpu/0/processes", "a", NOW, values)
    (found,) = replayed(Form(PLAIN, DAY), ("system/gpu/0/processes", sample.payload()))
    assert [each["started"] for each in body(found)["processes"]] == [NOW - 10 + DAY, None]


def test_an_event_that_is_moved_is_another_event() -> None:
    note = {"id": "x", "text": "epoch 3", "timestamp": NOW, "host": None, "tags": []}
    message = ("system/annotations", json.dumps(note).encode())
    (moved,), (same,) = replayed(Form(PLAIN, 7), message), replayed(Form(PLAIN), message)
    assert moved is not None
    assert (body(moved)["timestamp"], moved.retain) == (NOW + 7, False)
    assert "id" not in body(moved)
    assert body(same) == note


def test_a_state_is_retained_until_it_ends_and_its_times_move() -> None:
    begin = example(FINDING, id="x", timestamp=NOW)
    end = {**begin, "id": "x.end", "state": "over", "timestamp": NOW + 5}
    topic = "system/findings/memory_growth/gpu0"
    messages = [(topic, json.dumps(each).encode()) for each in (begin, end)]
    first, last, removal = replayed(Form(PLAIN, DAY), *messages, (topic, b""))
    assert first is not None
    assert last is not None
    assert (first.retain, last.retain) == (True, False)
    moved = body(first)
    assert (moved["id"], moved["since"]) == ("x", begin["since"] + DAY)
    assert moved["evidence"]["start"] == begin["evidence"]["start"] + DAY
    assert moved["evidence"]["numbers"] == begin["evidence"]["numbers"]
    assert moved["expected"]["latest"] == begin["expected"]["latest"] + DAY
    assert removal == Publication(topic, b"", retain=True)


def test_in_the_end_no_state_is_true() -> None:
    replay = Replay(Form(FLEET), "a")
    runs = [("system/runs/r-1", b""), ("system/runs/r-2", b"")]
    for topic, _ in runs:
        run = json.dumps(example(RUN, id=topic.rpartition("/")[2], timestamp=NOW)).encode()
        for entry in Recording(PLAIN).read([line_of(topic, run)]):
            replay.publication(entry)
    for entry in Recording(FLEET).read([line_of("fleet/a/system/runs/r-1", b"")]):
        replay.publication(entry)
    ending = Publication("fleet/a/system/runs/r-2", b"", retain=True)
    assert list(replay.endings(NOW)) == [ending]


def test_of_a_state_a_replay_of_the_past_has_only_the_end() -> None:
    begin = example(RUN, id="r", timestamp=NOW)
    end = {**begin, "id": f"r{END}"}
    first, last = (json.dumps(each, separators=(",", ":")).encode() for each in (begin, end))
    channel = "system/runs/r"
    assert replayed(Form(PLAIN, past=True), (channel, first), (channel, last)) == [
        None,
        Publication(channel, last, retain=False),
    ]


def test_an_event_without_a_time_and_a_host_gets_those_of_the_recording() -> None:
    messages = [("system/cpu", CPU.payload()), ("system/annotations", b'{"text": "epoch 3"}')]
    _, event = replayed(Form(FLEET, 7), *messages)
    assert event is not None
    assert (event.topic, body(event)["timestamp"]) == ("fleet/a/system/annotations", NOW + 7)


def test_a_replay_of_the_past_has_late_samples_and_events_and_nothing_that_is_current() -> None:
    processes = Sample("system/gpu/0/processes", "a", NOW, {"processes": [], "more": 0})
    cpu, event, *others = replayed(
        Form(PLAIN, past=True),
        ("system/cpu", CPU.payload()),
        ("system/annotations", b'{"text": "epoch 3", "id": "x"}'),
        ("system/status", ONLINE.payload()),
        ("system/gpu/0", b""),
        ("system/gpu/0/processes", processes.payload()),
    )
    assert cpu == Publication("system/cpu", late(CPU.payload()), retain=False)
    assert body(event)["id"] == "x"
    assert others == [None] * 3


def test_what_is_published_is_valid_and_has_the_same_values() -> None:
    (found,) = replayed(Form(FLEET, 1, "b"), ("system/cpu", CPU.payload()))
    assert found is not None
    sample = decode(resolve(FLEET, found.topic), found.payload, arrived=0)
    assert isinstance(sample, Sample)
    known = {name: CPU.values[name] for name in ("utilization", "per_core")}
    assert {name: sample.values[name] for name in known} == known


def test_in_the_end_each_host_that_was_online_is_offline() -> None:
    replay = Replay(Form(FLEET, host="r-{host}"), "a")
    other = CollectorStatus("b", NOW, CollectorState.ONLINE, "1", NOW, 2.0)
    messages = [("system/status", each.payload()) for each in (ONLINE, other, OFFLINE)]
    for entry in Recording(PLAIN).read(line_of(*each) for each in messages):
        replay.publication(entry)
    (ending,) = replay.endings(NOW + DAY)
    assert (ending.topic, ending.retain) == ("fleet/r-b/system/status", True)
    assert body(ending) == json.loads(other.payload()) | {
        "host": "r-b",
        "state": "offline",
        "timestamp": NOW + DAY,
    }


def times(fields: tuple[Field, ...]) -> list[Field]:
    here = [field for field in fields if field.unit == "ms"]
    return here + [each for field in fields for each in times(field.members)]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_field_in_milliseconds_is_a_time(family: Any) -> None:
    for field in times(family.fields):
        assert "Unix time" in field.help, "a replay would move it"
