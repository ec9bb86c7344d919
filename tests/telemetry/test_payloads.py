import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import SAMPLES, Family, Kind, family_of
from telemetry.decoding import decode, decode_sample, decode_status, resolve
from telemetry.errors import MalformedMessageError
from telemetry.samples import MAX_PAYLOAD_BYTES, Sample, late
from telemetry.status import CollectorState, CollectorStatus, SensorReport, SensorState

PLAIN = TopicScheme()
# Levels, and flags that are 1 or 0.
WITHOUT_UNIT = {
    *("performance_state", "pcie_generation", "retirement_pending", "remapping_pending"),
    *("pid", "gpu_instance", "compute_instance"),
}


def example(family: Family) -> Sample:
    values = {field.name: field.example for field in family.fields}
    return Sample(family.channel.format(id=0, n=0), "me", 1_767_225_600_000, values)


def body(**changes: Any) -> bytes:
    memory = next(family for family in SAMPLES if family.name == "memory")
    return json.dumps(json.loads(example(memory).payload()) | changes).encode()


def refusal(topic: str, payload: bytes, scheme: TopicScheme = PLAIN) -> str:
    with pytest.raises(MalformedMessageError) as caught:
        decode_sample(resolve(scheme, topic), payload)
    return caught.value.reason


@pytest.mark.parametrize("family", SAMPLES, ids=lambda family: family.name)
def test_what_is_published_is_what_is_decoded(family: Family) -> None:
    sample = example(family)
    assert decode_sample(resolve(PLAIN, sample.channel), sample.payload()) == sample


@pytest.mark.parametrize("family", SAMPLES, ids=lambda family: family.name)
def test_a_late_sample_is_the_same_sample_and_known_to_be_late(family: Family) -> None:
    sample = example(family)
    decoded = decode_sample(resolve(PLAIN, sample.channel), late(sample.payload()))
    assert decoded == sample
    assert decoded.late
    assert not decode_sample(resolve(PLAIN, sample.channel), sample.payload()).late


@pytest.mark.parametrize("family", SAMPLES, ids=lambda family: family.name)
def test_each_value_may_be_null(family: Family) -> None:
    values = dict.fromkeys([field.name for field in family.fields])
    sample = Sample(example(family).channel, "me", 1, values)
    assert decode_sample(resolve(PLAIN, sample.channel), sample.payload()) == sample


@pytest.mark.parametrize("family", SAMPLES, ids=lambda family: family.name)
def test_fixed_fields_must_be_there_and_others_may_be_missing(family: Family) -> None:
    sample = example(family)
    fixed = {field.name: field.example for field in family.fields if field.fixed}
    rest = {field.name for field in family.fields} - fixed.keys()
    decoded = decode_sample(
        resolve(PLAIN, sample.channel), Sample(sample.channel, "me", 1, fixed).payload()
    )
    assert all(decoded.values[name] is None for name in rest)
    for name in fixed:
        short = Sample(sample.channel, "me", 1, {k: v for k, v in fixed.items() if k != name})
        assert refusal(sample.channel, short.payload()) == "not a sample"


def test_a_reader_of_some_fields_gets_only_those_and_the_others_may_be_invalid() -> None:
    payload = b'{"host":"me","timestamp":1,"read_rate":2.5,"write_rate":"fast","late":true}'
    address = resolve(TopicScheme(), "system/disk")
    sample = decode(address, payload, arrived=0, names=frozenset({"read_rate"}))
    assert sample == Sample("system/disk", "me", 1, {"read_rate": 2.5}, late=True)
    assert isinstance(sample, Sample)
    assert sample.late
    with pytest.raises(MalformedMessageError):
        decode(address, payload, arrived=0)


def test_a_field_of_a_newer_collector_is_left_out() -> None:
    assert "novelty" not in decode_sample(resolve(PLAIN, "system/memory"), body(novelty=1)).values


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{",
        body(host=""),
        body(host="a/b"),
        body(host="a\nb"),
        body(host=7),
        body(timestamp=-1),
        body(timestamp=10**30),
        body(timestamp="soon"),
        body(ram_used="much"),
        body(ram_used=-1),
        body(ram_used=2**63),
        body(pressure_some=float("nan")),
        body(pressure_some=float("inf")),
        b"[" * 100_000,
        b'{"host":' * 10_000,
    ],
    ids=range(19),
)
def test_an_invalid_sample_is_rejected_with_its_reason(payload: bytes) -> None:
    assert refusal("system/memory", payload) == "not a sample"


@pytest.mark.parametrize(
    "topic",
    [
        *("", "system/toaster", "system/gpu", "system/gpu/x", "system/gpu/99999", "system/cpu/0"),
        *("a/b", "system/gpu/0/", "system/gpu/x/processes", "system/gpu/0/processes/1"),
        *("system/gpu/0/mig", "system/gpu/0/mig/x", "system/gpu/0/mig/100"),
    ],
)
def test_a_topic_outside_the_catalogue_is_an_unknown_channel(topic: str) -> None:
    assert refusal(topic, body()) == "unknown channel"


def test_a_payload_beyond_the_limit_is_not_even_parsed() -> None:
    assert refusal("system/memory", b" " * (MAX_PAYLOAD_BYTES + 1)) == "too large"


def test_the_host_in_the_topic_must_be_the_one_in_the_payload() -> None:
    scheme = TopicScheme("fleet/{host}")
    assert decode_sample(resolve(scheme, "fleet/me/system/memory"), body()).host == "me"
    assert refusal("fleet/other/system/memory", body(), scheme) == "host mismatch"


def test_a_list_of_objects_beyond_the_limit_is_refused() -> None:
    processes = [{"pid": pid} for pid in range(257)]
    sample = Sample("system/gpu/0/processes", "me", 1, {"processes": processes})
    assert refusal(sample.channel, sample.payload()) == "not a sample"


@given(
    st.binary()
    | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_whatever_arrives_is_a_sample_or_refused(payload: bytes) -> None:
    try:
        sample = decode_sample(resolve(PLAIN, "system/cpu"), payload)
    except MalformedMessageError as error:
        assert error.reason == "not a sample"  # noqa: PT017 - either outcome is right
    else:
        assert sample.host


def test_a_status_is_read_back_as_it_was_published() -> None:
    sensors = {"gpu": SensorReport(SensorState.ABSENT, "There is none.", details={"a": "b"})}
    status = CollectorStatus("me", 5, CollectorState.ONLINE, "1.0", 1, 2.0, sensors, 3, 4)
    assert decode_status(resolve(PLAIN, "system/status"), status.payload()) == status


@pytest.mark.parametrize("payload", [b"", b"{}", body(), body(state="asleep")])
def test_an_invalid_status_is_rejected(payload: bytes) -> None:
    with pytest.raises(MalformedMessageError):
        decode_status(resolve(PLAIN, "system/status"), payload)


@pytest.mark.parametrize("interval", ["NaN", "Infinity", "1e999", "-1", "0", "61"])
def test_an_interval_that_cannot_be_is_refused(interval: str) -> None:
    status = CollectorStatus("me", 5, CollectorState.ONLINE, "1.0", 1, 2.0)
    payload = status.payload().replace(b'"interval":2.0', f'"interval":{interval}'.encode())
    with pytest.raises(MalformedMessageError):
        decode_status(resolve(PLAIN, "system/status"), payload)


@pytest.mark.parametrize(
    ("field", "number"),
    [("started", "-1e17"), ("started", str(10**15)), ("waiting", "-1"), ("dropped", str(2**63))],
)
def test_a_number_beyond_its_limits_is_refused_in_a_status(field: str, number: str) -> None:
    status = {"host": "me", "timestamp": 5, "state": "online", "version": "1", "started": 1}
    payload = json.dumps({**status, "interval": 2, field: 0}).replace('": 0', f'": {number}')
    with pytest.raises(MalformedMessageError, match=field):
        decode_status(resolve(PLAIN, "system/status"), payload.encode())


@pytest.mark.parametrize("duration", ["NaN", "-Infinity", "1e999"])
def test_a_number_that_json_cannot_hold_is_refused_in_a_sensors_report(duration: str) -> None:
    sensors = {"cpu": SensorReport(SensorState.OK, duration_ms=1.5)}
    status = CollectorStatus("me", 5, CollectorState.ONLINE, "1.0", 1, 2.0, sensors)
    payload = status.payload().replace(b"1.5", duration.encode())
    with pytest.raises(MalformedMessageError):
        decode_status(resolve(PLAIN, "system/status"), payload)


def test_each_field_of_the_catalogue_has_a_description_and_a_unit() -> None:
    for family in SAMPLES:
        assert family_of(family.channel.format(id=0, n=0)) is family
        for field in (*family.fields, *(each for f in family.fields for each in f.members)):
            assert field.help
            texts_or_lists = field.kind in (Kind.TEXT, Kind.TEXTS, Kind.NUMBERS, Kind.RECORDS)
            assert field.unit or texts_or_lists or field.name in WITHOUT_UNIT
