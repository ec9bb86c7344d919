"""From the history to live samples, and through failures on the way."""

import re
import signal
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import Route, expect

from tests.api.dashboard.accessibility import require_accessible
from tests.api.dashboard.browser import OpenVisit, fragment
from tests.api.dashboard.conftest import HOST, INTERVAL_SECONDS, Laboratory
from tests.api.dashboard.samples import Samples
from tests.deploy.monitor import Monitor, running
from tests.services.processes import free_port, wait_until

SECONDS = 20.0
IN_MS = 1000
A_SPAN_MS = 2000


def pass_samples(laboratory: Laboratory, milliseconds: int = A_SPAN_MS) -> None:
    """Return once samples of this span have arrived."""
    end = newest(laboratory) + milliseconds
    wait_until(lambda: newest(laboratory) > end, "new samples", SECONDS)


def knows(api: Monitor, host: str) -> bool:
    return any(each["host"] == host for each in api.get("/hosts")["hosts"])


def newest(laboratory: Laboratory) -> int:
    timestamp: int = laboratory.monitor.get("/metrics", host=HOST)["cpu"]["timestamp"]
    return timestamp


def test_the_page_has_each_sample_of_the_history_and_of_the_stream_once(
    open_visit: OpenVisit, laboratory: Laboratory
) -> None:
    opened_at = newest(laboratory)
    visit = open_visit()
    visit.go()
    pass_samples(laboratory)
    samples = Samples(visit, laboratory.monitor, HOST)
    samples.wait_until_the_same(since=laboratory.monitor.timestamps()[0])
    assert samples.times[0] < opened_at < samples.times[-1]
    assert all(earlier < later for earlier, later in pairwise(samples.times))


def test_the_page_polls_while_the_stream_is_down_and_is_live_again_without_a_gap(
    open_visit: OpenVisit, laboratory: Laboratory
) -> None:
    visit = open_visit()
    visit.control_stream()
    page = visit.go()
    badge = page.get_by_test_id("badge")
    expect(badge).to_have_attribute("data-kind", "live")
    since = newest(laboratory)
    visit.cut_stream()
    expect(badge).to_have_attribute("data-kind", "polling")
    expect(badge).to_contain_text("Polling")
    for degrees in (41, 52):
        laboratory.gpus.set_readings(0, temperature=degrees)
        expect(page.get_by_test_id("gpu-now")).to_contain_text(f"Temp: {degrees}°")
        assert visit.badge() == "polling"
    visit.restore_stream()
    expect(badge).to_have_attribute("data-kind", "live", timeout=SECONDS * IN_MS)
    samples = Samples(visit, laboratory.monitor, HOST)
    samples.wait_until_the_same(since=since)
    assert samples.longest_gap() < 3 * INTERVAL_SECONDS * IN_MS


def test_a_page_opened_while_the_stream_is_down_is_complete(
    open_visit: OpenVisit, laboratory: Laboratory
) -> None:
    visit = open_visit()
    visit.control_stream()
    visit.cut_stream()
    page = visit.go()
    expect(page.get_by_test_id("badge")).to_have_attribute("data-kind", "polling")
    expect(page.get_by_test_id("gpu-memory-7")).to_be_visible()
    visit.restore_stream()
    expect(page.get_by_test_id("badge")).to_have_attribute("data-kind", "live")
    first = laboratory.monitor.timestamps()[0]
    Samples(visit, laboratory.monitor, HOST).wait_until_the_same(since=first)


def test_an_api_that_is_killed_and_restarted_leaves_no_gap(
    open_visit: OpenVisit, laboratory: Laboratory, tmp_path: Path
) -> None:
    port = str(free_port())
    options = [*laboratory.broker, "--data-dir", str(laboratory.data), "--http-port", port]
    visit = open_visit(f"http://127.0.0.1:{port}", may_fail=True)
    visit.control_stream()
    with running(tmp_path, "api", *options) as api:
        wait_until(lambda: knows(api, HOST), "its samples", SECONDS)
        page = visit.go(fragment(HOST))
        badge = page.get_by_test_id("badge")
        expect(badge).to_have_attribute("data-kind", "live")
        api.process.kill()
        expect(badge).to_have_attribute("data-kind", "reconnecting")
        expect(page.get_by_test_id("notices")).to_contain_text("The server is not responding.")
        assert page.title().startswith("Reconnecting")
        lost_at = newest(laboratory)
        pass_samples(laboratory, 1500)
    with running(tmp_path, "api", *options):
        expect(badge).to_have_attribute("data-kind", "live", timeout=SECONDS * IN_MS)
        expect(page.get_by_test_id("notices")).to_have_count(0)
        samples = Samples(visit, laboratory.monitor, HOST)
        samples.wait_until_the_same(since=lost_at)
    assert samples.longest_gap() < 3 * INTERVAL_SECONDS * IN_MS


def test_a_collector_that_is_silent_is_stale_and_one_that_has_stopped_is_offline(
    open_visit: OpenVisit, laboratory: Laboratory, tmp_path: Path
) -> None:
    with laboratory.collector(tmp_path, "gamma") as collector:
        page = open_visit().go(fragment("gamma"))
        badge = page.get_by_test_id("badge")
        expect(badge).to_have_attribute("data-kind", "live")
        collector.process.suspend()
        try:
            expect(badge).to_have_attribute("data-kind", "stale")
            expect(badge).to_contain_text(re.compile(r"Stale since \d\d:\d\d:\d\d"))
        finally:
            collector.process.resume()
        expect(badge).to_have_attribute("data-kind", "live")
        collector.end(signal.SIGTERM)
        expect(badge).to_have_attribute("data-kind", "offline")
        expect(badge).to_contain_text("Collector offline")
        expect(page.get_by_test_id("notices")).to_contain_text(
            "The collector on this host has stopped."
        )
        expect(page.locator("option:checked")).to_have_text("gamma (offline)")
        expect(page.get_by_test_id("cpu-panel")).to_have_attribute("data-stale", "true")
        expect(page.get_by_test_id("host-card")).not_to_contain_text("running for")
        require_accessible(page)


def test_a_killed_collector_is_offline_by_its_last_will(
    open_visit: OpenVisit, laboratory: Laboratory, tmp_path: Path
) -> None:
    with laboratory.collector(tmp_path, "delta") as collector:
        page = open_visit().go(fragment("delta"))
        expect(page.get_by_test_id("badge")).to_have_attribute("data-kind", "live")
        expect(page.get_by_test_id("host-card").get_by_role("list")).to_have_count(1)
        collector.process.kill()
        expect(page.get_by_test_id("badge")).to_have_attribute("data-kind", "offline")
        expect(page.get_by_test_id("host-card").get_by_role("list")).to_have_count(0)


def test_a_host_that_a_restarted_server_does_not_know_yet_is_offline_and_not_unknown(
    open_visit: OpenVisit,
) -> None:
    answer = {"error": {"code": "unknown_host", "message": f"No host '{HOST}' is known."}}
    visit = open_visit(may_fail=True)
    visit.control_stream()
    visit.cut_stream()
    visit.page.route(
        "**/api/v1/system/metrics?*", lambda route: route.fulfill(status=404, json=answer)
    )
    page = visit.go(fragment(HOST))
    expect(page.get_by_test_id("badge")).to_have_text(re.compile("^Collector offline"))
    notices = page.get_by_test_id("notices")
    expect(notices).to_contain_text("has received nothing from this host since the server started")
    expect(notices.get_by_role("button")).to_have_count(0)
    wait_until(lambda: len(visit.rows()) > 0, "its history", SECONDS)


def test_a_history_that_is_not_being_saved_is_a_notice_with_its_reason(
    open_visit: OpenVisit,
) -> None:
    reason = "The history in /data cannot be written: the disk is full."
    visit = open_visit()

    def add_the_reason(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "history_error": reason})

    visit.page.route("**/api/v1/system/hosts", add_the_reason)
    page = visit.go(fragment(HOST))
    notices = page.get_by_test_id("notices")
    expect(notices).to_have_text(f"New samples are not being stored: {reason}")
    expect(page.get_by_test_id("badge")).to_have_attribute("data-kind", "live")
