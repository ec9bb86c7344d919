"""Findings over REST: what the broker retains, and what the history has."""

import sys
from pathlib import Path
from typing import Any

import pytest

from telemetry.bus.connection import BusConnection
from telemetry.clock import unix_milliseconds
from telemetry.errors import HistoryUnavailableError
from telemetry.events import Event
from telemetry.history.sqlite import SqliteReader
from tests.api.running import RunningApi, running_api
from tests.states import finding

PATH = "/api/v1/system/findings"
IDLE = "system/findings/idle_gpu/gpu1"
MINUTE = 60_000


NOW = unix_milliseconds()


@pytest.fixture(autouse=True)
def from_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count from the beginning of a test: that of the whole run may be minutes earlier."""
    monkeypatch.setattr(sys.modules[__name__], "NOW", unix_milliseconds())


def ago(minutes: float) -> int:
    return NOW - int(minutes * MINUTE)


def change(
    identity: str, minutes: float, since: float, channel: str = IDLE, **values: Any
) -> Event:
    """Return a change of a finding some ``minutes`` ago, which began at ``since``."""
    host = values.pop("host", "alpha")
    return finding(identity, ago(minutes), host, channel, since=ago(since), **values)


def over(identity: str, minutes: float, since: float, **values: Any) -> Event:
    return change(f"{identity}.end", minutes, since, state="over", expected=None, **values)


def retain(api: RunningApi, *events: Event) -> None:
    for event in events:
        topic = api.settings.topics.topic(event.host or "", event.channel)
        api.send_raw(topic, event.payload())
    api.wait_until_received()


def listed(api: RunningApi, **parameters: object) -> list[tuple[str, str]]:
    found = api.json(PATH, **parameters)["findings"]
    return [(each["id"], each["state"]) for each in found]


def test_active_findings_come_first_then_past_ones_the_newest_first(api: RunningApi) -> None:
    past = [change("a", 50, 50), over("a", 40, 50), change("b", 30, 30), over("b", 20, 30)]
    mild = change("c", 10, 10, severity="info")
    grave = change("d", 15, 15, channel="system/findings/x/y", severity="critical")
    api.writer.write([*past, mild, grave])
    retain(api, mild, grave)
    assert listed(api) == [("d", "active"), ("c", "active"), ("b", "over"), ("a", "over")]
    assert api.json(PATH)["history_error"] is None


def test_a_finding_is_listed_once_with_its_newest_values(api: RunningApi) -> None:
    begun, worse = change("a", 9, 9), change("a.critical", 5, 9, severity="critical")
    end = over("a", 1, 9, severity="critical")
    api.writer.write([begun, worse, end])
    (entry,) = api.json(PATH)["findings"]
    assert entry == {**end.body(), "id": "a", "ended": end.timestamp}
    again = change("n", 0.5, 0.5)
    api.writer.write([again])
    retain(api, again)
    first, _ = api.json(PATH)["findings"]
    assert first == {**again.body(), "ended": None}


def test_a_finding_that_the_broker_does_not_retain_is_not_active(
    api: RunningApi, shared_bus: BusConnection, tmp_path: Path
) -> None:
    api.writer.write([change("a", 9, 9)])
    (entry,) = api.json(PATH)["findings"]
    assert (entry["state"], entry["ended"]) == ("over", None)
    with running_api(shared_bus, tmp_path, connected=False, mqtt_port=1) as offline:
        offline.writer.write([change("a", 9, 9)])
        assert listed(offline) == [("a", "active")]  # the last thing that is known


def test_an_active_finding_is_listed_before_the_history_has_it(api: RunningApi) -> None:
    retain(api, change("a", 0, 5))
    assert listed(api) == [("a", "active")]


def test_findings_are_selected(api: RunningApi) -> None:
    growth = {"channel": "system/findings/memory_growth/gpu0"}
    api.writer.write(
        [
            over("a", 50, 59, host="beta"),
            over("b", 30, 40, severity="info"),
            over("c", 10, 20, severity="critical", **growth),
        ]
    )
    retain(api, change("d", 5, 5))
    for parameters, expected in (
        ({"host": "beta"}, "a"),
        ({"host": "nobody"}, ""),
        ({"kind": "memory_growth"}, "c"),
        ({"kind": "idle_gpu"}, "dba"),
        ({"state": "active"}, "d"),
        ({"state": "over"}, "cba"),
        ({"severity": "warning"}, "dca"),
        ({"severity": "critical"}, "c"),
        ({"limit": 2}, "dc"),
        ({"start": "-15m"}, "dc"),
        ({"start": "-35m", "end": "-25m"}, "b"),
        ({"end": "-15m"}, "cba"),
    ):
        assert "".join(each for each, _ in listed(api, **parameters)) == expected, parameters


@pytest.mark.parametrize(
    "parameters",
    [
        {"kind": "Idle"},
        {"state": "gone"},
        {"severity": "fatal"},
        {"limit": 0},
        {"limit": 1001},
        {"start": "soon"},
        {"start": "-1m", "end": "-2m"},
    ],
    ids=str,
)
def test_a_wrong_parameter_is_refused(shared_api: RunningApi, parameters: dict[str, Any]) -> None:
    status, code, _ = shared_api.error(PATH, **parameters)
    assert (status, code) == (422, "wrong_parameter")


def test_without_the_history_the_active_findings_are_still_listed(
    shared_bus: BusConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise HistoryUnavailableError("The history is on strike.")

    monkeypatch.setattr(SqliteReader, "events", fail)
    with running_api(shared_bus, tmp_path) as api:
        retain(api, change("a", 0, 5))
        answer = api.json(PATH)
    assert [each["id"] for each in answer["findings"]] == ["a"]
    assert answer["history_error"] == "The history is on strike."
