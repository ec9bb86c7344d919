"""The text and the drawings of the four panels and the widget."""

import re
import time
from functools import partial

from playwright.sync_api import Page, expect

from tests.api.dashboard.browser import OpenVisit, Visit, fragment
from tests.api.dashboard.conftest import (
    GPU_WITHOUT_TEMPERATURE,
    HOST,
    MARKUP_HOST,
    Laboratory,
)
from tests.api.dashboard.values import DASH, expected_texts
from tests.services.processes import wait_until

LINES = [
    ("utilization-chart", "--blue"),
    ("utilization-chart", "--pink"),
    ("utilization-chart", "--violet"),
    ("cpu-chart", "--blue"),
    ("memory-chart", "--violet"),
    ("disk-chart", "--blue"),
    ("network-chart", "--violet"),
]
SECONDS = 15.0
# The pixels of the canvases in an element that have a colour of the theme, within rounding.
COUNT_PIXELS = """(element, name) => {
  const colour = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const wanted = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  let count = 0;
  for (const canvas of element.querySelectorAll("canvas")) {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    for (let at = 0; at < data.length; at += 4)
      if (data[at + 3] > 0 && wanted.every((each, index) => Math.abs(each - data[at + index]) < 3))
        count += 1;
  }
  return count;
}"""


def assert_panels_agree(visit: Visit, laboratory: Laboratory, host: str) -> None:
    """Compare until no sample arrives between the answer of REST and the reading of the page."""
    deadline = time.monotonic() + SECONDS
    while True:
        expected = expected_texts(laboratory.monitor.get("/metrics", host=host))
        texts = visit.texts()
        shown = {name: texts.get(name) for name in expected}
        if shown == expected or time.monotonic() > deadline:
            break
    assert shown == expected


def test_the_panels_and_the_widget_agree_with_rest(visit: Visit, laboratory: Laboratory) -> None:
    expect(visit.page.get_by_test_id("badge")).to_contain_text("Live")
    assert_panels_agree(visit, laboratory, HOST)
    size = r"\d+(\.\d)? [GT]iB"
    expect(visit.page.get_by_test_id("ram-value")).to_have_text(re.compile(rf"^{size} / {size}$"))


def is_drawn(page: Page, where: str, colour: str) -> bool:
    return pixels(page, where, colour) > 0


def test_each_chart_and_row_draws_its_lines_and_others_once_they_are_selected(
    visit: Visit,
) -> None:
    page = visit.page
    page.get_by_test_id("range-5m").click()
    assert pixels(page, "utilization-chart", "--violet") == 0
    page.get_by_test_id("series-memory").click()
    assert "memory" in page.url
    for gpu in range(8):
        line = page.get_by_test_id(f"gpu-row-{gpu}").locator("path")
        expect(line).to_have_attribute("d", re.compile(r"^M.*L.*Z$"))
        assert line.evaluate("path => getComputedStyle(path).stroke") != "none"
    for where, colour in LINES:
        page.get_by_test_id(where).scroll_into_view_if_needed()
        wait_until(partial(has_pixels, page, where, colour), f"{colour} in {where}", SECONDS)


def test_a_chart_is_drawn_once_it_is_on_the_screen(open_visit: OpenVisit) -> None:
    visit = open_visit()
    visit.page.set_viewport_size({"width": 600, "height": 500})
    page = visit.go(fragment(HOST))
    expect(page.get_by_test_id("gpu-row-7")).to_be_visible()
    expect(page.get_by_test_id("cpu-value")).to_have_text(re.compile(r"\d%"))
    expect(page.get_by_test_id("cpu-chart")).not_to_be_in_viewport()
    assert pixels(page, "cpu-chart", "--blue") == 0
    page.get_by_test_id("cpu-chart").scroll_into_view_if_needed()
    wait_until(partial(has_pixels, page, "cpu-chart", "--blue"), "the chart of the CPU", SECONDS)


def test_a_value_that_the_hardware_does_not_report_is_a_dash(visit: Visit) -> None:
    page = visit.page
    temperature = page.get_by_test_id(f"gpu-{GPU_WITHOUT_TEMPERATURE}-temperature")
    expect(temperature).to_contain_text(DASH)
    page.get_by_test_id(f"gpu-row-{GPU_WITHOUT_TEMPERATURE}").click()
    expect(page.get_by_test_id("gpu-now")).to_have_text(
        re.compile(rf"^Util: \d+% \| Temp: {DASH}$")
    )
    expect(page.get_by_test_id("series-temperature")).to_have_text(f"Temperature{DASH}")


def test_without_a_gpu_one_sentence_gives_the_reason_and_no_zero_is_shown(
    open_visit: OpenVisit, laboratory: Laboratory
) -> None:
    visit = open_visit()
    page = visit.go(fragment(MARKUP_HOST))
    report = laboratory.monitor.get("/gpu", host=MARKUP_HOST)
    assert report["gpus"] == []
    expect(page.get_by_test_id("gpu-reason")).to_have_text(report["reason"])
    expect(page.get_by_test_id("gpu-panel")).to_have_text(
        f"GPU Utilization & Temp{report['reason']}"
    )
    expect(page.get_by_test_id("gpu-memory")).to_have_text("GPU MemoryNo GPU.")
    assert_panels_agree(visit, laboratory, MARKUP_HOST)


def has_pixels(page: Page, test_id: str, colour: str) -> bool:
    return pixels(page, test_id, colour) > 0


def pixels(page: Page, test_id: str, colour: str) -> int:
    """Return how many pixels of the canvases in an element have a colour of the theme."""
    count: int = page.get_by_test_id(test_id).evaluate(COUNT_PIXELS, colour)
    return count
