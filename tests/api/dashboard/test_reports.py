"""A run's report in the browser."""

import json

from playwright.sync_api import Page

from telemetry.clock import unix_milliseconds
from tests.api.dashboard.accessibility import require_accessible
from tests.api.dashboard.browser import OpenVisit
from tests.api.dashboard.conftest import HOST, MARKUP_GPU, Laboratory
from tests.api.runs.examples import begun
from tests.services.embedded import Listener
from tests.services.processes import wait_until

PATH = "/api/v1/system/runs"


def open_report(laboratory: Laboratory, open_visit: OpenVisit, identity: str) -> Page:
    """Publish a run, and open its report."""
    run = begun(identity, 20_000, HOST, name=MARKUP_GPU, tags=[MARKUP_GPU], gpus=["0", "1"])
    mark = {"text": MARKUP_GPU, "timestamp": unix_milliseconds() - 1000, "run": identity}
    with Listener(laboratory.monitor.mqtt_port) as client:
        client.publish(run.channel, run.payload(), retain=True)
        client.publish("system/annotations", json.dumps(mark))
        wait_until(lambda: is_known(laboratory, identity), "the run")
        wait_until(lambda: bool(laboratory.monitor.get("/annotations", run=identity)), "the mark")
        visit = open_visit(viewport={"width": 1000, "height": 900})
        visit.page.goto(f"{laboratory.address}{PATH}/{identity}/report")
        client.publish(run.channel, b"", retain=True)
    return visit.page


def is_known(laboratory: Laboratory, identity: str) -> bool:
    return laboratory.monitor.answer(f"{PATH}/{identity}")[0] == 200


def test_a_report_shows_charts_violates_no_policy_and_runs_nothing(
    laboratory: Laboratory, open_visit: OpenVisit
) -> None:
    page = open_report(laboratory, open_visit, "r-browser")
    assert page.locator("h1").inner_text().startswith(MARKUP_GPU)
    assert page.evaluate("window.ran") is None
    assert page.evaluate("document.querySelectorAll('img, script').length") == 0
    assert page.locator("svg .line").count() > 5
    colours = {}
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        colours[theme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
        require_accessible(page)
    page.emulate_media(media="print")
    colours["print"] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert len(set(colours.values())) == 3
    assert colours["print"] == "rgb(255, 255, 255)"
