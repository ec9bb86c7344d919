"""The examples in docs/websocket.md work as they are written."""

import json
import re
from typing import Any

import pytest

from docs.generate import ROOT
from tests.api.running import RunningApi
from tests.api.streams import WS, receive

PAGE = (ROOT / "docs" / "websocket.md").read_text().replace("gpu-07", "alpha")
ADDRESSES = re.findall(rf"^\| `({WS}\S*)` \| (.*) \|$", PAGE, re.MULTILINE)
DIALOGUE = re.findall(r"^ {4}([<>]) (.*)$", PAGE, re.MULTILINE)
EXAMPLE = re.compile(r'^ {4}(\{"channel":.*?\})\n\n', re.MULTILINE | re.DOTALL)


def shape(frame: Any) -> set[str]:
    return {*frame, *frame["data"]}


@pytest.mark.parametrize("address", [address for address, _ in ADDRESSES])
def test_each_address_sends_the_newest_values(shared_api: RunningApi, address: str) -> None:
    with shared_api.stream(address) as stream:
        message = receive(stream)
    assert isinstance(message, list) == ("batch=true" in address)
    (frame, *_) = message if isinstance(message, list) else [message]
    assert frame.keys() == {"channel", "event", "data", "age_seconds"}
    assert frame["data"]["host"] == "alpha"
    in_path = address.removeprefix(WS).partition("?")[0].removeprefix("/")
    assert frame["channel"] == in_path or not in_path


def test_the_client_and_the_server_exchange_these_messages(shared_api: RunningApi) -> None:
    assert len(DIALOGUE) > 5
    with shared_api.stream(f"{WS}/system/cpu") as stream:
        receive(stream)
        for side, text in DIALOGUE:
            if side == ">":
                stream.send(text)
                continue
            expected, received = json.loads(text.replace("{…}", "{}")), receive(stream)
            assert received.keys() == expected.keys()
            assert received["event"] == expected["event"]
            assert received.get("channels") == expected.get("channels")
            assert received.get("message", "").startswith(expected.get("message", "").rstrip("…"))


def test_the_frame_has_the_fields_of_a_frame(shared_api: RunningApi) -> None:
    example = EXAMPLE.search(PAGE)
    assert example
    frame = json.loads(example[1])
    with shared_api.stream(f"{WS}/{frame['channel']}") as stream:
        received = receive(stream)
    assert shape(frame) <= shape(received)
    assert frame.keys() == received.keys()
