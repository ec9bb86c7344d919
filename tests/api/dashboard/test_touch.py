"""The page on a touch screen."""

import re

import pytest
from playwright.sync_api import expect

from tests.api.dashboard.browser import OpenVisit, Visit, fragment
from tests.api.dashboard.conftest import HOST, MARKUP_HOST

PHONE = {"width": 390, "height": 844}


def test_a_finger_zooms_sideways_scrolls_down_and_moves_the_edges_of_the_span(
    open_visit: OpenVisit,
) -> None:
    visit = open_visit(viewport=PHONE, has_touch=True, is_mobile=True)
    page = visit.go(fragment(HOST))
    expect(page.get_by_test_id("cpu-value")).to_contain_text("%")
    chart = page.get_by_test_id("cpu-chart").locator(".u-over")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    touch(visit, (box["x"] + 20, middle), (box["x"] + 20, middle - 120))
    assert page.evaluate("scrollY") > 0
    expect(page.get_by_test_id("zoom-reset")).to_have_count(0)
    chart.scroll_into_view_if_needed()  # waits until it no longer moves
    box = chart.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    touch(visit, (box["x"] + 20, middle), (box["x"] + 0.8 * box["width"], middle))
    expect(page.get_by_test_id("zoom-reset")).to_be_visible()
    page.keyboard.press("0")
    expect(page.get_by_test_id("zoom-reset")).to_have_count(0)
    edge = page.get_by_test_id("brush-from")
    edge.scroll_into_view_if_needed()
    box = edge.bounding_box()
    assert box is not None
    assert box["width"] == 24
    place = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    touch(visit, place, (place[0] + 60, place[1]))
    expect(page.get_by_test_id("zoom-reset")).to_be_visible()
    page.keyboard.press("0")
    expect(page.get_by_test_id("zoom-reset")).to_have_count(0)
    chart.tap()
    shown = page.get_by_test_id("cpu-panel-time")
    expect(shown).to_have_text("now")  # the legend shows the values at the finger
    expect(shown).to_have_text("")


def test_a_tap_on_another_chart_takes_the_cursor_from_the_chart_with_the_focus(
    open_visit: OpenVisit,
) -> None:
    page = open_visit(viewport=PHONE, has_touch=True, is_mobile=True).go(fragment(HOST))
    expect(page.get_by_test_id("cpu-value")).to_contain_text("%")
    chart = page.get_by_role("slider", name="CPU utilization over time")
    chart.focus()
    page.keyboard.press("ArrowLeft")
    other = page.get_by_test_id("memory-chart")
    other.scroll_into_view_if_needed()
    time = other.get_by_test_id("chart-time")
    expect(time).to_be_visible()  # the chart has been drawn
    other.locator(".u-over").tap()
    expect(chart).not_to_be_focused()
    expect(chart).to_have_attribute("aria-valuenow", re.compile(r"[45]\d"))  # the middle
    expect(time).to_be_visible()


def touch(visit: Visit, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Move a finger over the screen from ``start`` to ``end``, in steps."""
    devtools = visit.context.new_cdp_session(visit.page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": x, "y": y} for x, y in points]
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    send("touchStart", start)
    for step in range(1, 9):
        x, y = (a + (b - a) * step / 8 for a, b in zip(start, end, strict=True))
        send("touchMove", (x, y))
    send("touchEnd")


@pytest.mark.parametrize("host", [HOST, MARKUP_HOST], ids=["eight GPUs", "no GPU"])
def test_on_a_phone_nothing_scrolls_sideways(open_visit: OpenVisit, host: str) -> None:
    visit = open_visit(viewport=PHONE, has_touch=True)
    page = visit.go()
    expect(page.get_by_test_id("host-select")).to_have_value(HOST)
    page.get_by_test_id("host-select").select_option(host)
    expect(page.get_by_test_id("cpu-value")).to_contain_text("%")
    widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths == [PHONE["width"], PHONE["width"]]


def test_the_first_tap_on_a_gpu_in_the_list_of_hosts_explains_it(open_visit: OpenVisit) -> None:
    visit = open_visit(viewport=PHONE, has_touch=True, is_mobile=True)
    page = visit.go(fragment(HOST))
    page.get_by_test_id("all-hosts").tap()
    cell = page.get_by_test_id("host-row").filter(has_text=HOST).locator("[data-kind]").nth(3)
    cell.tap()
    expect(page.get_by_test_id("hint")).to_contain_text("GPU 3: ")
    expect(page.get_by_test_id("host-row").first).to_be_visible()
    cell.tap()
    expect(page.get_by_test_id("gpu-name")).to_contain_text("GPU 3")
