"""Two runs compared."""

import json
import re

from playwright.sync_api import expect

from telemetry.clock import unix_milliseconds
from telemetry.events import Event
from tests.api.dashboard.accessibility import require_accessible
from tests.api.dashboard.browser import OpenVisit
from tests.api.dashboard.conftest import HOST, MARKUP_HOST, Laboratory
from tests.services.embedded import Listener
from tests.services.processes import wait_until
from tests.states import run

_MINUTE = 60_000
_DAY = 1_440 * _MINUTE


def _ended(identity: str, host: str, started: int, minutes: int, **values: object) -> Event:
    end = started + minutes * _MINUTE
    more = {"started": started, "ended": end, "user": "turing", **values}
    return run(f"{identity}.end", end, host, f"system/runs/{identity}", **more)


def test_two_runs_of_different_hosts_are_chosen_by_keyboard_and_compared_from_their_start(
    laboratory: Laboratory, open_visit: OpenVisit
) -> None:
    now = unix_milliseconds()
    first = _ended("first-1", HOST, now - 3 * _MINUTE, 3, name="first", gpus=["2", "3"])
    second = _ended(
        "second-1", MARKUP_HOST, now - 2 * _MINUTE, 2, name=MARKUP_HOST, gpus=[], exit_code=3
    )
    gone = _ended("gone-1", HOST, now - 3 * _DAY, 5, name="gone", gpus=["0"])
    with Listener(laboratory.monitor.mqtt_port) as client:
        for each in (first, second, gone):
            client.publish(each.channel, each.payload())
        note = {"text": "epoch 0", "run": "first", "host": HOST, "timestamp": now - 3 * _MINUTE}
        client.publish("system/annotations", json.dumps(note))
    runs = laboratory.monitor
    wait_until(lambda: len(runs.get("/runs", user="turing")["runs"]) == 3, "the runs are stored")
    wait_until(lambda: runs.get("/annotations", run="first")["annotations"], "so is the annotation")
    page = open_visit(viewport={"width": 1440, "height": 900}).go("#page=runs")
    page.get_by_label("Text").fill("turing")
    page.get_by_label("Compare first", exact=True).press("Space")
    expect(page.get_by_test_id("runs-compare")).to_have_count(0)
    page.get_by_test_id("runs").get_by_label("Host").select_option(MARKUP_HOST)
    # The other one stays chosen, although the table no longer has it.
    expect(page.get_by_label("Compare first", exact=True)).to_have_count(0)
    page.get_by_label(f"Compare {MARKUP_HOST}", exact=True).press("Space")
    page.get_by_test_id("runs-compare").press("Enter")
    expect(page).to_have_url(re.compile(f"#compare=first-1@{HOST},second-1@"))
    for _ in ("opened", "loaded again"):
        expect(page.get_by_test_id("compared-duration")).to_have_text(
            "Took3 min2 min−60 s (−33%)"  # noqa: RUF001 - a minus
        )
        expect(page.get_by_test_id("comparison-table")).to_contain_text("exit code 3")
        cpu = page.get_by_test_id("compared-cpu-utilization")
        expect(cpu).to_have_attribute("aria-valuetext", re.compile(r"A \d+%, B \d+% at the end"))
        gpus = page.get_by_test_id("compared-gpus-utilization")
        expect(gpus).to_have_attribute("aria-valuetext", re.compile(r"A \d+%, B \W at the end"))
        cpu.press("Home")
        expect(cpu).to_have_attribute("aria-valuetext", re.compile("A: epoch 0"))
        page.reload()
    require_accessible(page)
    page.set_viewport_size({"width": 390, "height": 844})
    table = page.get_by_test_id("comparison-table")
    assert table.evaluate("table => table.scrollWidth <= table.parentElement.clientWidth")
    cpu.press("+")
    expect(page).to_have_url(re.compile(r"from=\d+&to=180000$"))
    page.get_by_test_id("comparison-reset").press("Enter")
    expect(page).not_to_have_url(re.compile("from="))
    page.goto(f"{laboratory.address}/#compare=gone-1,first-1")
    page.reload()
    expect(page.get_by_role("status").filter(has_text="Run A: This host has no")).to_be_visible()
    gpus.scroll_into_view_if_needed()
    expect(gpus).to_have_attribute("aria-valuetext", re.compile(r"A \W, B \d+% at the end"))
    assert page.evaluate("window.ran") is None
