"""The AsyncAPI document is valid, complete, and matches what is really sent."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from telemetry.catalogue import FAMILIES, SAMPLES, Nature, example_channel
from telemetry.decoding import decode, resolve
from telemetry.status import CollectorState, CollectorStatus
from tests.api.running import SECONDS, RunningApi
from tests.api.schema import require_valid
from tests.services.availability import find_program, skip_or_fail

PATH = "/api/v1/asyncapi.json"
CHECK = Path(__file__).parents[1] / "asyncapi"
_INFORMATION = 2  # the parser's severities: 0 is an error, 1 a warning


@pytest.fixture
def document(shared_api: RunningApi) -> Any:
    return shared_api.json(PATH)


def parsed(document: Mapping[str, Any]) -> Any:
    """Return what AsyncAPI's own parser makes of ``document``."""
    node = find_program("node")
    if not (CHECK / "node_modules").is_dir():
        skip_or_fail(f"AsyncAPI's parser is not installed (`npm ci` in {CHECK})")
    given = json.dumps(document).encode()
    run = subprocess.run(
        [node, "check.mjs"], cwd=CHECK, input=given, capture_output=True, check=True
    )
    return json.loads(run.stdout)


def retained(document: Any, operation: str) -> bool:
    found: bool = document["operations"][operation]["bindings"]["mqtt"]["retain"]
    return found


def test_asyncapis_own_parser_finds_no_error_and_no_warning(document: Any) -> None:
    found = parsed(document)
    problems = [each["text"] for each in found["problems"] if each["severity"] < _INFORMATION]
    assert problems == []
    assert found["valid"]
    assert len(found["channels"]) == len(FAMILIES) + 2


def test_every_topic_has_a_channel_with_its_quality_and_whether_it_is_retained(
    document: Any, shared_api: RunningApi
) -> None:
    topics = shared_api.settings.topics
    for family in FAMILIES:
        assert document["channels"][family.name]["address"] == topics.topic("", family.channel)
        assert retained(document, f"send_{family.name}") is (family.nature is not Nature.EVENT)
    assert document["operations"]["receive_annotation"]["action"] == "receive"
    assert retained(document, "send_status")


def test_the_last_will_is_a_status_that_the_decoder_accepts(
    document: Any, shared_api: RunningApi
) -> None:
    will = document["servers"]["mqtt"]["bindings"]["mqtt"]["lastWill"]
    address = resolve(shared_api.settings.topics, will["topic"])
    status = decode(address, will["message"].encode(), arrived=0)
    assert isinstance(status, CollectorStatus)
    assert (status.state, status.last_will) == (CollectorState.OFFLINE, True)


def test_the_example_of_each_message_is_one_that_the_decoder_accepts(
    document: Any, shared_api: RunningApi
) -> None:
    topics = shared_api.settings.topics
    for family in FAMILIES:
        (example,) = document["components"]["messages"][family.name]["examples"]
        topic = topics.topic("", example_channel(family))
        content = decode(resolve(topics, topic), json.dumps(example["payload"]).encode(), arrived=0)
        assert content.host == "gpu-07"


def test_each_frame_of_the_stream_matches_its_message(
    document: Any, shared_api: RunningApi
) -> None:
    messages = document["components"]["messages"]
    names = {example_channel(family): family.name for family in SAMPLES}
    names["system/status"] = "status"
    with shared_api.stream() as stream:
        while names:
            frame = json.loads(stream.recv(timeout=SECONDS))
            name = names.pop(frame["channel"], None)
            if name is not None:
                require_valid(document, messages[f"{name}_frame"]["payload"], frame)


def test_the_addresses_are_those_of_this_installation(
    document: Any, shared_api: RunningApi
) -> None:
    servers = document["servers"]
    assert servers["api"]["host"] == f"127.0.0.1:{shared_api.server.port}"
    broker = shared_api.settings.broker
    assert servers["mqtt"]["host"] == f"{broker.host}:{broker.port}"
    assert document["channels"]["stream"]["address"] == "/api/v1/system/ws"
