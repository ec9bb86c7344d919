"""The strip of all that is kept."""

import re
import time

from playwright.sync_api import expect

from tests.api.dashboard.browser import Visit


def test_the_span_is_chosen_on_the_strip_of_the_past_by_mouse_and_keyboard(visit: Visit) -> None:
    page = visit.page
    expect(page.get_by_test_id("range-5m")).to_have_attribute("aria-pressed", "true")  # it fits
    strip = page.get_by_test_id("past")
    box = strip.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.2 * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.4 * box["width"], middle, steps=3)
    page.mouse.up()
    expect(page).to_have_url(re.compile("from=.*to="))
    before = page.url
    page.get_by_test_id("brush-to").press("ArrowRight")
    expect(page).not_to_have_url(before)
    expect(page.get_by_test_id("span")).to_contain_text(time.strftime("%Y"))
    page.get_by_test_id("zoom-reset").click()
    expect(page).not_to_have_url(re.compile("from="))
