"""States on the bus: findings and runs."""

import json
from typing import Any

import pytest

from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import STATES, Family, family_of
from telemetry.decoding import decode, resolve
from telemetry.errors import MalformedMessageError
from telemetry.events import Event
from tests.states import FINDING_CHANNEL, RUN_CHANNEL, finding, run

PLAIN = TopicScheme()
EXAMPLES = (finding(), run())


def decoded(event: Event, scheme: TopicScheme = PLAIN) -> object:
    topic = scheme.topic(str(event.host), event.channel)
    return decode(resolve(scheme, topic), event.payload(), arrived=1)


def refusal(channel: str, fields: dict[str, Any], topic: str = "") -> str:
    with pytest.raises(MalformedMessageError) as caught:
        decode(resolve(PLAIN, topic or channel), json.dumps(fields).encode(), arrived=1)
    return caught.value.reason


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.channel)
def test_a_state_that_is_published_is_what_is_decoded(event: Event) -> None:
    assert decoded(event) == event
    assert decoded(event, TopicScheme("fleet/{host}")) == event


@pytest.mark.parametrize("family", STATES, ids=lambda family: family.name)
def test_a_state_needs_its_fixed_fields_and_each_must_have_a_value(family: Family) -> None:
    (event,) = (each for each in EXAMPLES if family_of(each.channel) is family)
    fixed = {"id", "timestamp", "host", *(each.name for each in family.fields if each.fixed)}
    short = {name: value for name, value in event.body().items() if name in fixed}
    assert isinstance(decode(resolve(PLAIN, event.channel), as_json(short), arrived=1), Event)
    for name in fixed:
        assert refusal(event.channel, {k: v for k, v in short.items() if k != name})
        assert refusal(event.channel, short | {name: None}) == "not an event"


def as_json(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields).encode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"severity": "fatal"},
        {"state": "maybe"},
        {"since": -1},
        {"summary": " "},
        {"evidence": {"start": 1, "end": 2}},
        {"evidence": {"start": None, "end": 2, "numbers": {}}},
        {"evidence": {"start": 1, "end": 2, "numbers": {"x": {"value": 5}}}},
        {"expected": {"earliest": 1, "likely": 2}},
        {"id": "a b"},
    ],
    ids=str,
)
def test_a_finding_with_a_wrong_value_is_rejected(wrong: dict[str, Any]) -> None:
    assert refusal(FINDING_CHANNEL, finding().body() | wrong) == "not an event"


@pytest.mark.parametrize("wrong", [{"kind": "idle_gpu"}, {"subject": "gpu1"}], ids=str)
def test_a_finding_on_the_channel_of_another_one_is_rejected(wrong: dict[str, Any]) -> None:
    assert refusal(FINDING_CHANNEL, finding().body() | wrong) == "channel mismatch"


@pytest.mark.parametrize(
    "channel",
    [
        "system/findings",
        "system/findings/idle_gpu",
        "system/findings/Idle/gpu0",
        "system/findings/idle_gpu/gpu 0",
        "system/findings/idle_gpu/gpu0/x",
        f"system/findings/{'x' * 33}/gpu0",
        f"system/runs/{'x' * 65}",
        "system/runs/a/b",
    ],
)
def test_a_channel_with_invalid_names_is_unknown(channel: str) -> None:
    assert refusal(channel, finding().body()) == "unknown channel"


def test_an_end_is_known_by_its_id() -> None:
    assert finding("growth.end").is_end
    assert not finding("growth.critical").is_end
    assert run("x.end", channel=RUN_CHANNEL).is_end
