"""The examples in the README agree with what the program prints and sends."""

import dataclasses
import json
import os
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from api.live.filters import select
from deploy import announcement
from deploy.broker_listeners import MQTT5_PORT, WEBSOCKET_PORT
from deploy.embedded_broker import EmbeddedBroker
from docs.generate import ROOT
from telemetry.catalogue import STATUS_CHANNEL, family_of
from telemetry.settings import CONFIG_FILE_VARIABLE, ENVIRONMENT_PREFIX, Settings
from telemetry.settings.loading import load_settings
from telemetry.settings.values import SENSORS
from telemetry.status import CollectorStatus, SensorReport, SensorState

README = (ROOT / "README.md").read_text()
MQTT = re.compile(r"^ +(system/\S+) (\{.*)$", re.MULTILINE)
WEBSOCKET = re.compile(r"/system/ws\?channels=(\S+)`.*?\n\n( +\{.*?)\n\n", re.DOTALL)
HISTORY = re.compile(r"/history\?channel=(\S+?)&\S+'\n( +\{.*?)\n\n", re.DOTALL)


def parsed(example: str) -> Any:
    """Return the JSON of ``example``, in which `,…` stands for members that were left out."""
    return json.loads(example.replace(",…", ""))


def require_fields(channel: str, payload: Mapping[str, object]) -> None:
    family = family_of(channel)
    fields = family.fields if family else dataclasses.fields(CollectorStatus)
    assert payload.keys() <= {"host", "timestamp", *(field.name for field in fields)}, channel


def test_the_mqtt_example_has_channels_and_fields_of_the_catalogue() -> None:
    messages = MQTT.findall(README)
    assert len(messages) > 1
    for channel, payload in messages:
        assert family_of(channel) or channel == STATUS_CHANNEL, channel
        require_fields(channel, parsed(payload))


def test_the_websocket_example_is_a_frame_that_its_filter_matches() -> None:
    match = WEBSOCKET.search(README)
    assert match
    frame = parsed(match[2])
    assert frame.keys() == {"channel", "event", "data"}
    assert select(match[1].split(","), [frame["channel"]])
    require_fields(frame["channel"], frame["data"])


def test_the_history_example_has_the_channel_that_was_asked_for() -> None:
    match = HISTORY.search(README)
    assert match
    (channel, series), *others = parsed(match[2])["channels"].items()
    assert (channel, others) == (match[1], [])
    require_fields(channel, series["fields"])
    assert {len(column) for column in series["fields"].values()} == {len(series["timestamps"])}


@pytest.fixture
def defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    for name in [each for each in os.environ if each.upper().startswith(ENVIRONMENT_PREFIX)]:
        monkeypatch.delenv(name)
    empty = tmp_path / "config.toml"
    empty.touch()
    monkeypatch.setenv(CONFIG_FILE_VARIABLE, str(empty))
    return load_settings({"host_name": "gpu-07", "data_dir": "/data"})


def test_the_start_up_text_is_what_the_program_prints(
    defaults: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    address = defaults.mqtt_host, defaults.mqtt_port
    broker = EmbeddedBroker(*address, mqtt5_port=MQTT5_PORT, websocket_port=WEBSOCKET_PORT)
    facts = [*announcement.http_facts(defaults), *announcement.broker_facts(defaults, broker)]
    announcement.print_addresses(defaults, facts)
    assert printed(capsys) in README
    announcement.print_addresses(defaults, [announcement.history_fact(defaults)])
    *_, history = printed(capsys).splitlines()
    shown = history.replace(str(defaults.data_dir), "~/.local/share/system-monitor")
    assert " ".join(shown.split()) in " ".join(README.split())  # it may be wrapped
    announcement.print_next_steps(
        announcement.broker_command(defaults), *announcement.http_commands(defaults)
    )
    assert printed(capsys) in README


def test_the_start_up_text_has_a_line_for_each_sensor(capsys: pytest.CaptureFixture[str]) -> None:
    reports = {name: SensorReport(SensorState.OK, description="here") for name in SENSORS}
    announcement.print_sensors(reports)
    for line in printed(capsys).splitlines():
        assert f"\n{line.removesuffix('here')}" in README, line


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what was printed, indented as a block of code."""
    return textwrap.indent(capsys.readouterr().out, " " * 4)
