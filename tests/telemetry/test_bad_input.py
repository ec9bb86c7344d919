"""A message on our topics is either a sample that matches the catalogue, or counted."""

import json
import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import SAMPLES, family_of
from telemetry.decoding import decode_sample, decode_status, resolve
from telemetry.errors import MalformedMessageError
from telemetry.history.columns import columns_of
from telemetry.samples import MAX_PAYLOAD_BYTES, Sample
from telemetry.status import CollectorState, CollectorStatus, SensorReport, SensorState

REASONS = {"unknown channel", "too large", "not a sample", "host mismatch"}
PLAIN, FLEET = TopicScheme(), TopicScheme("fleet/{host}")
HOSTILE = [
    "a b",
    "a,b=c",
    'a"b',
    "a'b",
    "a\nb",
    "a\\b",
    "../../etc/passwd",
    "a/b",
    "+",
    "#",
    "\x00",
    "\ud800",
    "\u202e",
    '") |> drop(columns: ["_value"])',
    "cpu,host=x utilization=1 1\ncpu,host=y utilization=2",
    "<script>alert(1)</script>",
    "'; DROP TABLE sample; --",
    "x" * 100_000,
    "",
]
NUMBERS: list[object] = [
    -1,
    10**30,
    -(10**30),
    2**63,
    1e400,
    float("nan"),
    float("inf"),
    -0.0,
    1e-320,
    True,
]
OTHERS: list[object] = [None, [], {}, [[[[]]]], {"a": {"b": {}}}, "1", "NaN"]

hostile_values = st.sampled_from([*HOSTILE, *NUMBERS, *OTHERS]) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=5)
    ),
    max_leaves=20,
)


def catalogue_payload(index: int) -> tuple[str, dict[str, Any]]:
    """Return the channel and the example payload of one of the catalogue's families."""
    family = SAMPLES[index % len(SAMPLES)]
    values = {field.name: field.example for field in family.fields}
    channel = family.channel.format(id=0, n=0)
    sample = Sample(channel, "me", 1_767_225_600_000, values)
    body: dict[str, Any] = json.loads(sample.payload())
    return channel, body


def encoded(body: object) -> bytes:
    """Return ``body`` as a sloppy publisher writes it: with NaN, and lone surrogates escaped."""
    return json.dumps(body).encode()


def assert_reported(error: MalformedMessageError) -> None:
    """Check that a rejection can be counted by its reason, and does not fill the log."""
    assert error.reason in REASONS
    assert len(str(error)) < 1000


def assert_harmless(scheme: TopicScheme, topic: str, payload: bytes) -> None:
    """Check that a message is rejected for one of the reasons, or matches the catalogue."""
    try:
        sample = decode_sample(resolve(scheme, topic), payload)
    except MalformedMessageError as error:
        assert_reported(error)
        return
    family = family_of(sample.channel)
    assert family is not None
    assert sample.values.keys() == {field.name for field in family.fields}
    assert sample.host == json.loads(payload)["host"]
    assert 0 <= sample.timestamp < 2**63
    again = sample.payload()  # rejects what JSON cannot represent
    assert decode_sample(resolve(PLAIN, sample.channel), again) == sample
    for column, value in columns_of(family, sample.values).items():
        assert column.encode()
        assert value is None or math.isfinite(value)


@given(st.integers(0, 20), st.data())
@settings(max_examples=60, deadline=None)
def test_a_sample_with_fields_replaced_by_anything_is_harmless(
    index: int, data: st.DataObject
) -> None:
    channel, body = catalogue_payload(index)
    for name in data.draw(st.sets(st.sampled_from(sorted(body)), min_size=1, max_size=3)):
        body[name] = data.draw(hostile_values)
    assert_harmless(PLAIN, channel, encoded(body))


@given(st.text(max_size=40) | st.sampled_from(HOSTILE), hostile_values)
@example("system/gpu/0", None)
@settings(max_examples=40, deadline=None)
def test_any_topic_is_harmless(topic: str, value: object) -> None:
    _, body = catalogue_payload(0)
    for place in (topic, f"system/{topic}", f"system/gpu/{topic}", f"fleet/{topic}/system/cpu"):
        for scheme in (PLAIN, FLEET):
            assert_harmless(scheme, place, encoded(body))
            assert_harmless(scheme, place, encoded(value))


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_host_keeps_its_very_name_or_is_refused(name: str) -> None:
    for index in range(len(SAMPLES)):
        channel, body = catalogue_payload(index)
        assert_harmless(PLAIN, channel, encoded(body | {"host": name}))
        assert_harmless(FLEET, f"fleet/{name}/{channel}", encoded(body | {"host": name}))


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_device_keeps_its_very_name_or_is_refused(name: str) -> None:
    rates = {"read_rate": 1.0, "write_rate": 2.0}
    body = {"host": "me", "timestamp": 1, **rates, "per_device": {name: rates}}
    assert_harmless(PLAIN, "system/disk", encoded(body))


@pytest.mark.parametrize(
    "make",
    [
        lambda: b"x" * 1_000_000,
        lambda: b'{"host":"' + b"x" * 900_000 + b'"}',
        lambda: b"[" * MAX_PAYLOAD_BYTES,
        lambda: b'{"a":' * (MAX_PAYLOAD_BYTES // 5),
        lambda: b'{"host":"me","timestamp":' + b"9" * 100_000 + b"}",
        lambda: b"\xff\xfe\x00" * 1000,
        lambda: b'{"host":"me","host":"you","timestamp":1,"timestamp":2}',
    ],
)
def test_large_deep_and_garbled_payloads_are_harmless(make: Callable[[], bytes]) -> None:
    for index in range(len(SAMPLES)):
        assert_harmless(PLAIN, catalogue_payload(index)[0], make())


def some_status() -> dict[str, Any]:
    report = SensorReport(SensorState.OK, None, "a counter", 1.5, 0, 0, {"a": "b"})
    status = CollectorStatus("me", 5, CollectorState.ONLINE, "1", 1, 2.0, {"cpu": report})
    body: dict[str, Any] = json.loads(status.payload())
    return body


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_status_with_fields_replaced_by_anything_is_harmless(data: st.DataObject) -> None:
    body = some_status()
    place = data.draw(st.sampled_from([body, body["sensors"]["cpu"]]))
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(hostile_values)
    assert_harmless_status(encoded(body))


def assert_harmless_status(payload: bytes) -> None:
    try:
        status = decode_status(resolve(PLAIN, "system/status"), payload)
    except MalformedMessageError as error:
        assert_reported(error)
    else:
        json.dumps(json.loads(status.payload()), allow_nan=False)


@pytest.mark.soak
def test_half_a_million_garbled_messages_are_harmless() -> None:
    chance = random.Random(1)  # noqa: S311 - the same each time
    seeds = [(channel, encoded(body)) for channel, body in map(catalogue_payload, range(20))]
    seeds.append(("system/status", encoded(some_status())))
    pieces = [
        b'"',
        b"\\u0000",
        b"{",
        b"}",
        b"[",
        b"null",
        b"1e999",
        b"-",
        b"\xff",
        b"NaN",
        b",",
        b":",
    ]
    for _ in range(500_000):
        channel, seed = chance.choice(seeds)
        payload = bytearray(seed)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(payload))
            end = at + chance.choice([0, 1, 1, 5, 40])
            piece = chance.choice([*pieces, bytes([chance.randrange(256)]), payload[at:end] * 2])
            payload[at:end] = piece
        if channel == "system/status":
            assert_harmless_status(bytes(payload))
        else:
            assert_harmless_garbled(channel, bytes(payload))


def assert_harmless_garbled(channel: str, payload: bytes) -> None:
    try:
        sample = decode_sample(resolve(PLAIN, channel), payload)
    except MalformedMessageError as error:
        assert_reported(error)
    else:
        assert decode_sample(resolve(PLAIN, channel), sample.payload()) == sample
