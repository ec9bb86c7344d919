"""Annotations, findings and runs: marks on the charts, and a list."""

import os
import re

from playwright.sync_api import expect

from collector.runs.procfs import ProcessTable
from collector.runs.record import process_identity
from telemetry.clock import unix_milliseconds
from telemetry.events import Event
from tests.api.dashboard.accessibility import require_accessible
from tests.api.dashboard.browser import OpenVisit, fragment
from tests.api.dashboard.conftest import HOST, MARKUP_GPU, Laboratory
from tests.services.embedded import Listener
from tests.services.processes import wait_until
from tests.states import run

MINUTE = 60_000
CHANNEL = "system/runs/marked-1"
SUMMARY = re.compile("annotation.* runs? in this span")


def state(started: int, timestamp: int, **values: object) -> Event:
    """Return a run of this process: the collector would end one without a process."""
    table = ProcessTable()
    process = table.read(os.getpid())
    assert process is not None
    own = {"pid": process.pid, "process": process_identity(process, table.boot())}
    identity = "marked-1.end" if "ended" in values else "marked-1"
    more = {"name": f"run {MARKUP_GPU}", "started": started, **own, **values}
    return run(identity, timestamp, HOST, CHANNEL, **more)


def test_the_charts_mark_annotations_and_runs_as_they_arrive(
    laboratory: Laboratory, open_visit: OpenVisit
) -> None:
    now = unix_milliseconds()
    start, end = now - 5 * MINUTE, now + 5 * MINUTE
    visit = open_visit(viewport={"width": 1440, "height": 900})
    page = visit.go(fragment(HOST, **{"from": str(start), "to": str(end)}))
    moments = page.get_by_test_id("moments")
    expect(page.get_by_test_id("badge")).to_have_attribute("data-kind", "live")
    with Listener(laboratory.monitor.mqtt_port) as client:
        text = f'{{"text": "epoch 3 {MARKUP_GPU}", "timestamp": {now}}}'
        client.publish("system/annotations", text)
        begun = state(start, now)
        client.publish(CHANNEL, begun.payload(), retain=True)
        moments.get_by_text(SUMMARY).click()
        expect(moments).to_contain_text(f"epoch 3 {MARKUP_GPU}")
        expect(moments).to_contain_text(f"run {MARKUP_GPU}, running")
        plot = page.get_by_test_id("utilization-chart").locator(".u-over")
        box = plot.bounding_box()
        assert box is not None
        plot.hover(position={"x": box["width"] / 2, "y": 20})
        flag = page.get_by_test_id("utilization-chart").get_by_test_id("chart-time")
        expect(flag).to_contain_text(f"epoch 3 {MARKUP_GPU}")
        expect(flag).to_contain_text(f"run {MARKUP_GPU}, running")
        chart = page.get_by_test_id("utilization-chart")
        chart.press("Home")
        for _ in range(50):
            chart.press("ArrowRight")
        page.mouse.move(0, 0)  # the keys have set the cursor: the mouse does not remove it
        expect(chart).to_have_attribute(
            "aria-valuetext", re.compile(re.escape(f"epoch 3 {MARKUP_GPU}"))
        )
        ended = state(start, now + 1, ended=now, exit_code=3)
        client.publish(CHANNEL, ended.payload())
        client.publish(CHANNEL, b"", retain=True)
        expect(moments).to_contain_text(f"run {MARKUP_GPU}, exit code 3")
    page.reload()
    expect(moments).to_contain_text(SUMMARY)
    require_accessible(page)
    assert page.evaluate("window.ran") is None


def test_a_click_or_a_key_annotates_and_a_refusal_is_explained(
    laboratory: Laboratory, open_visit: OpenVisit
) -> None:
    visit = open_visit(viewport={"width": 1440, "height": 900}, may_fail=True)
    page = visit.go(fragment(HOST, range="5m"))
    dialog, text = page.get_by_test_id("annotate-dialog"), page.get_by_label("What happened")
    plot = page.get_by_test_id("utilization-chart").locator(".u-over")
    expect(page.get_by_test_id("badge")).to_have_attribute("data-kind", "live")
    page.keyboard.press("a")
    expect(text).to_be_focused()
    refusal = '{"error": {"code": "read_only", "message": "http_read_only is set."}}'
    page.route("**/annotations", lambda route: route.fulfill(status=403, body=refusal))
    text.fill("not allowed")
    text.press("Enter")
    expect(page.get_by_role("alert")).to_have_text(
        "The annotation was not published: http_read_only is set."
    )
    page.unroute("**/annotations")
    text.press("Escape")
    expect(dialog).to_be_hidden()
    box = plot.bounding_box()
    assert box is not None
    plot.click(position={"x": box["width"] - 20, "y": 20})
    text.fill(f"by hand {MARKUP_GPU}")
    require_accessible(page)
    page.get_by_role("button", name="Publish").click()
    expect(dialog).to_be_hidden()
    page.get_by_test_id("moments").locator("summary").click()
    expect(page.get_by_test_id("moments")).to_contain_text(f"by hand {MARKUP_GPU}")

    def stored() -> list[str]:
        found = laboratory.monitor.get("/annotations", host=HOST)["annotations"]
        return [each["host"] for each in found if each["text"].startswith("by hand")]

    wait_until(lambda: stored() == [HOST], "the annotation is stored")
