"""Health, and the effect of an unavailable history on the other routes."""

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from telemetry.bus.connection import BusConnection
from telemetry.errors import HistoryUnavailableError
from telemetry.events import Event
from telemetry.history.port import Columns, EventQuery, Query
from telemetry.status import SensorReport, SensorState
from tests.api.running import RunningApi, cpu, gpu_report, running_api, status
from tests.services.processes import free_port, wait_until

REASON = "The history is not responding."


class UnavailableHistory:
    """A history whose store is down."""

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass

    def ping(self) -> None:
        raise HistoryUnavailableError(REASON)

    def notes(self) -> Sequence[str]:
        return ()

    def hosts(self, _start: int | None = None) -> Sequence[str]:
        raise HistoryUnavailableError(REASON)

    def channels(self, _host: str, _start: int | None = None) -> Sequence[str]:
        raise HistoryUnavailableError(REASON)

    def read(self, _query: Query) -> dict[str, Columns]:
        raise HistoryUnavailableError(REASON)

    def events(self, _query: EventQuery) -> list[Event]:
        raise HistoryUnavailableError(REASON)


class BrokenHistory(UnavailableHistory):
    """A history with a bug."""

    def channels(self, _host: str, _start: int | None = None) -> Sequence[str]:
        raise sqlite3.InterfaceError("an unexpected error")


class HangingHistory(UnavailableHistory):
    """A history whose store blocks until ``release`` is set."""

    def __init__(self) -> None:
        self.calls = 0
        self.release = threading.Event()

    def hosts(self, _start: int | None = None) -> Sequence[str]:
        return self._hang()

    def channels(self, _host: str, _start: int | None = None) -> Sequence[str]:
        return self._hang()

    def _hang(self) -> Sequence[str]:
        self.calls += 1
        self.release.wait()
        return []


def test_the_process_is_healthy_and_ready(api: RunningApi) -> None:
    assert api.json("/healthz") == {"status": "ok"}
    assert api.json("/readyz")["status"] == "ready"


def test_with_an_unavailable_history_the_api_is_not_ready(
    shared_bus: BusConnection, tmp_path: Path
) -> None:
    with running_api(shared_bus, tmp_path, reader=UnavailableHistory()) as api:
        assert api.error("/readyz") == (503, "not_ready", REASON)
        assert api.json("/healthz") == {"status": "ok"}


def test_without_a_broker_the_api_is_not_ready(shared_bus: BusConnection, tmp_path: Path) -> None:
    port = free_port()
    with running_api(shared_bus, tmp_path, connected=False, mqtt_port=port) as api:
        status, code, message = api.error("/readyz")
        assert (status, code) == (503, "not_ready")
        assert message.startswith(f"The MQTT broker at mqtt://127.0.0.1:{port} ")


def test_live_values_are_served_while_the_history_is_unavailable(
    shared_bus: BusConnection, tmp_path: Path
) -> None:
    with running_api(shared_bus, tmp_path, reader=UnavailableHistory()) as api:
        api.feed(cpu())
        assert api.json("/api/v1/system/metrics")["cpu"]["utilization"] == 12.5
        assert api.error("/api/v1/system/history") == (503, "history_unavailable", REASON)
        hosts = api.json("/api/v1/system/hosts")
        assert [each["host"] for each in hosts["hosts"]] == ["alpha"]
        assert hosts["history_error"] == REASON


def test_an_unexpected_error_has_the_same_shape_and_is_logged_in_one_line(
    shared_bus: BusConnection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running_api(shared_bus, tmp_path, reader=BrokenHistory()) as api:
        assert api.error("/api/v1/system/history")[:2] == (500, "internal_error")
    (record,) = [each for each in caplog.records if "an unexpected error" in each.getMessage()]
    assert record.exc_info is None


def test_a_history_that_hangs_does_not_delay_live_responses(
    shared_bus: BusConnection, tmp_path: Path
) -> None:
    history = HangingHistory()
    with running_api(shared_bus, tmp_path, reader=history) as api:
        api.feed(cpu())
        waiting = [
            threading.Thread(target=api.get, args=("/api/v1/system/history",)) for _ in range(8)
        ]
        for thread in waiting:
            thread.start()
        wait_until(lambda: history.calls >= 1, "the history is queried")
        assert api.json("/api/v1/system/metrics")["cpu"]["utilization"] == 12.5
        assert history.calls <= 4
        history.release.set()
        for thread in waiting:
            thread.join()


def test_a_request_to_a_history_that_hangs_times_out(
    shared_bus: BusConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.rest.history._ANSWER_SECONDS", 0.1)
    history = HangingHistory()
    sentence = "The history did not answer within 0.1 s."
    with running_api(shared_bus, tmp_path, reader=history) as api:
        for _ in range(6):  # more than there are threads
            answer = api.error("/api/v1/system/history")
            assert answer == (503, "history_unavailable", sentence)
        assert history.calls == 4
        history.release.set()


def test_hosts_lists_live_hosts_and_hosts_known_from_the_history(api: RunningApi) -> None:
    report = SensorReport(SensorState.ABSENT, reason="No NVIDIA driver.")
    alpha_status = status(sensors=gpu_report(report), waiting=3)
    sample = cpu()
    api.feed(sample, alpha_status, cpu("gamma"))
    api.store(cpu("beta", age=1000))
    body = api.json("/api/v1/system/hosts")
    alpha, beta, gamma = body["hosts"]
    assert body["history_error"] is None
    assert (body["history_hours"], body["history_days"]) == (1.0, 7.0)
    assert (alpha["host"], alpha["state"], alpha["version"]) == ("alpha", "online", "1.2.3")
    assert (alpha["started"], alpha["timestamp"]) == (alpha_status.started, sample.timestamp)
    assert (alpha["interval"], alpha["waiting"]) == (2.0, 3)
    assert alpha["sensors"]["gpu"]["reason"] == "No NVIDIA driver."
    assert (beta["host"], beta["state"], beta["timestamp"]) == ("beta", None, None)
    assert (gamma["host"], gamma["state"], gamma["sensors"]) == ("gamma", None, {})
