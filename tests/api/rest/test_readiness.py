"""/readyz in detail, and the same for Prometheus."""

import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from telemetry.bus.connection import BusConnection
from telemetry.clock import unix_milliseconds
from telemetry.reports import Report, counter, gauge
from tests.api.rest.test_health import REASON, HangingHistory, UnavailableHistory
from tests.api.running import RunningApi, cpu, running_api, status
from tests.services.processes import wait_until

HOUR = 3_600_000
FULL = "The history in /data cannot be written: the disk is full."


class BusyHistory(HangingHistory):
    """A history that answers checks until ``busy`` is set; other calls hang."""

    def __init__(self) -> None:
        super().__init__()
        self.busy = threading.Event()
        self.checks = 0

    def ping(self) -> None:
        self.checks += 1
        if self.busy.is_set():
            self.release.wait()

    def notes(self) -> Sequence[str]:
        return ["It has been checked."]


def ingester(problem: str | None = None) -> Report:
    counts = (
        counter("samples_stored", "Samples written to the history", 12),
        counter("samples_rejected", "Refused", {"too large": 2, 'a "b"\n': 1}, label="reason"),
        gauge("messages_waiting", "Waiting", 3),
    )
    return Report("ingester", problem, counts)


def test_each_part_reports_its_readiness_and_counters(
    shared_bus: BusConnection, tmp_path: Path
) -> None:
    with running_api(shared_bus, tmp_path, others=[ingester]) as api:
        with api.stream():
            wait_until(lambda: api.live.hub.clients == 1, "the client has joined")
            answer = api.json("/readyz")
        assert answer["status"] == "ready"
        assert answer["parts"].keys() == {"api", "history", "connections", "ingester", "recordings"}
        assert answer["parts"]["api"]["counters"]["clients"] == 1
        assert answer["parts"]["ingester"] == {
            "ready": True,
            "reason": None,
            "notes": [],
            "counters": {
                "samples_stored": 12,
                "samples_rejected": {"too large": 2, 'a "b"\n': 1},
                "messages_waiting": 3,
            },
        }


def test_another_part_that_is_not_ready_is_reported_with_its_reason(
    shared_bus: BusConnection, tmp_path: Path
) -> None:
    with running_api(shared_bus, tmp_path, others=[lambda: ingester(FULL)]) as api:
        answer = api.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["error"] == {"code": "not_ready", "message": FULL}
        assert answer.json()["parts"]["ingester"]["reason"] == FULL
        assert answer.json()["parts"]["history"]["ready"] is True
        assert api.json("/api/v1/system/hosts")["history_error"] == FULL
        assert api.json("/healthz") == {"status": "ok"}


@pytest.fixture
def _short_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.live.arrivals._LAG_SECONDS", 0.4)
    monkeypatch.setattr("api.live.arrivals._LAG_INTERVALS", 0)


def history_error(api: RunningApi) -> str:
    return str(api.json("/api/v1/system/hosts")["history_error"])


@pytest.mark.usefixtures("_short_lag")
def test_a_history_that_does_not_grow_while_samples_arrive_is_reported(api: RunningApi) -> None:
    def problem() -> str:
        api.feed(cpu())
        return history_error(api)

    report = (
        "The history has no recent samples from 'alpha', which is live; check that the ingester is "
        "running and can write."
    )
    wait_until(lambda: problem() == report, "a report")

    def not_ready() -> bool:
        api.feed(cpu())
        return bool(api.get("/readyz").json().get("error", {}).get("message") == report)

    wait_until(not_ready, "it is not ready")

    def stored() -> bool:
        sample = cpu()
        api.feed(sample)
        api.store(sample)
        return api.get("/readyz").status_code == 200

    wait_until(stored, "it is ready again")


@pytest.mark.usefixtures("_short_lag")
def test_every_live_host_is_judged_whichever_was_the_last_to_publish(api: RunningApi) -> None:
    def problem() -> str:
        stored = [cpu("stored", age=1_800_000), cpu("alpha", age=-1_800_000)]
        api.feed(*stored, cpu("missing"), cpu("behind", age=2 * HOUR), *stored)
        api.store(*stored)
        return history_error(api)

    report = (
        "The history has no recent samples from 'missing', which is live; samples from other "
        "hosts are stored, so see the ingester's log for the reason."
    )
    newest = deque([""], maxlen=10)

    def is_reported_each_time() -> bool:
        newest.append(problem())
        return set(newest) == {report}

    wait_until(is_reported_each_time, "ten equal reports")


@pytest.mark.usefixtures("_short_lag")
def test_a_sound_history_is_ready_although_a_clock_is_off_and_the_clock_is_noted(
    api: RunningApi,
) -> None:
    def is_judged() -> bool:
        stored = cpu(), cpu("late", age=300_000)
        api.feed(*stored, cpu("ahead", age=-3 * HOUR))
        api.feed(status(), status("late", timestamp=unix_milliseconds() - 300_000))
        api.store(*stored)
        states = api.live.newest.hosts.values()
        return all(each.arrivals.overdue(time.monotonic(), each.lag) for each in states)

    wait_until(is_judged, "samples that should be stored")
    answer = api.json("/readyz")["parts"]["history"]
    assert answer["ready"] is True
    assert answer["counters"] == {"clocks_off": 2}
    ahead = (
        "The clock of 'ahead' is 3 h ahead of this machine's clock, so the history discards the "
        "host's samples: set the host's clock."
    )
    late = (
        "The clock of 'late' is 5 min behind this machine's clock, so the history stores wrong "
        "times for the host: set the host's clock."
    )
    assert sorted(answer["notes"]) == [ahead, late]


@pytest.mark.usefixtures("_short_lag")
def test_a_fleet_is_judged_in_turns(api: RunningApi) -> None:
    hosts = [f"host-{number:02}" for number in range(25)]
    sick = hosts[-1]

    def problem() -> str:
        samples = [cpu(name) for name in hosts]
        api.feed(*samples)
        api.store(*[each for each in samples if each.host != sick])
        return history_error(api)

    wait_until(lambda: f"no recent samples from {sick!r}, which" in problem(), "a report")


def test_readiness_does_not_wait_for_requests_that_wait_for_the_history(
    shared_bus: BusConnection, tmp_path: Path
) -> None:
    history = BusyHistory()
    with running_api(shared_bus, tmp_path, reader=history) as api, ThreadPoolExecutor(40) as users:
        answers = [users.submit(api.get, "/api/v1/system/history") for _ in range(40)]
        wait_until(lambda: sum(each.done() for each in answers) == 8, "the surplus is refused")
        assert api.json("/readyz")["parts"]["history"]["notes"] == ["It has been checked."]
        history.release.set()
    refused = [each.result() for each in answers if each.result().status_code == 503]
    assert len(refused) == 8
    assert refused[0].headers["retry-after"] == "2"
    assert refused[0].json()["error"] == {
        "code": "history_busy",
        "message": "The history is answering too many requests; try again in 2 s.",
    }


def test_a_check_of_the_history_that_takes_long_does_not_delay_the_answer(
    shared_bus: BusConnection, tmp_path: Path
) -> None:
    history = BusyHistory()
    with running_api(shared_bus, tmp_path, reader=history) as api:
        wait_until(lambda: api.get("/readyz").status_code == 200, "it is known to answer")
        history.busy.set()
        checks = history.checks
        for _ in range(3):
            assert api.json("/readyz")["parts"]["history"]["notes"] == ["It has been checked."]
        assert history.checks == checks + 1
        history.release.set()


def test_a_history_that_has_not_answered_yet_is_not_ready(
    shared_bus: BusConnection, tmp_path: Path
) -> None:
    history = BusyHistory()
    history.busy.set()
    with running_api(shared_bus, tmp_path, reader=history) as api:
        assert api.error("/readyz") == (503, "not_ready", "The history has not answered yet.")
        history.release.set()
        wait_until(lambda: api.get("/readyz").status_code == 200, "it has answered")


@pytest.mark.usefixtures("_short_lag")
def test_a_silent_host_is_not_a_problem_of_the_history(api: RunningApi) -> None:
    def is_silent() -> bool:
        state = api.live.newest.hosts["alpha"]
        return not state.arrivals.is_live(time.monotonic(), state.lag)

    def has_been_live() -> bool:
        api.feed(cpu())
        state = api.live.newest.hosts["alpha"]
        return state.arrivals.overdue(time.monotonic(), state.lag) is not None

    wait_until(has_been_live, "samples that should be stored")
    wait_until(is_silent, "it is silent")
    assert api.get("/readyz").status_code == 200


def test_a_history_that_was_renamed_is_noted(api: RunningApi, tmp_path: Path) -> None:
    kept = tmp_path / "history.sqlite3.corrupt-20261124T120000Z"
    kept.touch()
    answer = api.json("/readyz")
    assert answer["parts"]["history"]["ready"] is True
    (note,) = answer["parts"]["history"]["notes"]
    assert str(kept) in note


def test_prometheus_reads_the_same_counters(shared_bus: BusConnection, tmp_path: Path) -> None:
    with running_api(shared_bus, tmp_path, others=[lambda: ingester(FULL)]) as api:
        answer = api.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert found["system_monitor_ingester_samples_stored_total",] == 12
    assert found["system_monitor_ingester_samples_rejected_total", "too large"] == 2
    assert found["system_monitor_ingester_samples_rejected_total", 'a "b"\n'] == 1
    assert found["system_monitor_ingester_messages_waiting",] == 3
    assert found["system_monitor_api_clients",] == 0
    assert found["system_monitor_ready", "ingester"] == 0
    assert found["system_monitor_ready", "api"] == 1


def test_prometheus_can_scrape_while_the_history_is_unavailable(
    shared_bus: BusConnection, tmp_path: Path
) -> None:
    with running_api(shared_bus, tmp_path, reader=UnavailableHistory()) as api:
        assert 'system_monitor_ready{part="history"} 0.0' in api.get("/metrics").text
        assert api.get("/readyz").json()["error"]["message"] == REASON
