"""The list of runs, and the view of one."""

import re

from playwright.sync_api import expect

from telemetry.clock import unix_milliseconds
from telemetry.events import Event
from tests.api.dashboard.accessibility import require_accessible
from tests.api.dashboard.browser import OpenVisit, fragment
from tests.api.dashboard.conftest import HOST, MARKUP_GPU, Laboratory
from tests.services.embedded import Listener
from tests.services.processes import wait_until
from tests.states import run

MINUTE = 60_000


def ended(identity: str, started: int, **values: object) -> Event:
    """Return the end of a run, which lasted a minute."""
    end = started + MINUTE
    more = {"started": started, "ended": end, "gpus": ["2"], **values}
    return run(f"{identity}.end", end, HOST, f"system/runs/{identity}", **more)


def test_a_run_is_found_in_the_list_and_opens_its_span_with_a_link_to_its_report(
    laboratory: Laboratory, open_visit: OpenVisit
) -> None:
    start = unix_milliseconds() - 3 * MINUTE
    found = ended("wanted-1", start, name=MARKUP_GPU, user="grace", exit_code=3)
    other = ended("other-1", start, name="other", user="lin", exit_code=0)
    with Listener(laboratory.monitor.mqtt_port) as client:
        for each in (found, other):
            client.publish(each.channel, each.payload())
    runs = laboratory.monitor
    wait_until(lambda: len(runs.get("/runs", user="grace")["runs"]) == 1, "the run is stored")
    page = open_visit(viewport={"width": 1440, "height": 900}).go(fragment(HOST))
    page.get_by_test_id("runs-link").click()
    rows = page.get_by_test_id("run-row")
    expect(rows.filter(has_text="other")).to_have_count(1)
    page.get_by_label("Text").fill("grace")
    expect(rows).to_have_count(1)
    page.get_by_label("Text").fill("")
    page.get_by_label("User").select_option("grace")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(re.compile(re.escape(MARKUP_GPU) + ".*exit code 3.*60 s"))
    require_accessible(page)
    rows.get_by_role("link", name=MARKUP_GPU, exact=True).click()
    card = page.get_by_test_id("run")
    expect(card).to_contain_text(re.compile(re.escape(MARKUP_GPU) + ".*exit code 3"))
    expect(page.get_by_test_id("gpu-name")).to_contain_text("GPU 2")
    expect(page).to_have_url(re.compile(f"run=wanted-1.*from={start}&to={start + MINUTE}"))
    address = card.get_by_role("link", name="Report").get_attribute("href")
    assert address == f"api/v1/system/runs/wanted-1/report?host={HOST}"
    page.goto(f"{laboratory.address}/#run=wanted-1")  # a link with nothing else
    expect(page).to_have_url(re.compile(f"host={HOST}.*from={start}"))
    require_accessible(page)
    page.get_by_test_id("run-close").click()
    expect(card).to_have_count(0)
    assert page.evaluate("window.ran") is None
