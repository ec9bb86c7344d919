"""The page of all hosts."""

import re

from playwright.sync_api import expect

from tests.api.dashboard.accessibility import require_accessible
from tests.api.dashboard.browser import OpenVisit, fragment
from tests.api.dashboard.conftest import HOST, MARKUP_HOST, Laboratory


def test_all_hosts_are_on_one_page_with_a_cell_for_each_gpu(
    laboratory: Laboratory, open_visit: OpenVisit
) -> None:
    gibibyte = 2**30
    laboratory.gpus.set_readings(6, utilization=0, memory_used=0, memory_total=80 * gibibyte)
    laboratory.gpus.set_readings(6, processes="none", event_reasons="0x0")
    visit = open_visit(viewport={"width": 1440, "height": 900})
    page = visit.go(fragment(HOST))
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.get_by_test_id("all-hosts").click()
    rows = page.get_by_test_id("host-row")
    expect(rows.first).to_contain_text(HOST)
    expect(rows.filter(has_text="window.ran")).to_have_count(1)
    free = rows.first.get_by_role("link", name="GPU 6: free")
    expect(free).to_have_count(1)
    expect(page.get_by_test_id("hosts-summary")).to_contain_text(re.compile(r"\d hosts · .* free"))
    require_accessible(page)
    page.get_by_test_id("hosts-search").fill("alp")
    expect(rows).to_have_count(1)
    free.click()
    expect(page.get_by_test_id("gpu-name")).to_contain_text("GPU 6")
    assert [url for url in requests if "/overview" in url]
    assert not [url for url in requests if "window.ran" in url]  # none for the other host
    page.go_back()
    expect(rows.first).to_be_visible()
    page.get_by_test_id("host-select").select_option(MARKUP_HOST)
    expect(page.get_by_test_id("gpu-reason")).to_be_visible()
    assert page.evaluate("window.ran") is None


def test_the_arrow_keys_lead_from_a_host_to_its_gpus_and_explain_them(
    open_visit: OpenVisit,
) -> None:
    visit = open_visit()
    page = visit.go(fragment(HOST))
    expect(page.get_by_test_id("gpu-row-7")).to_be_visible()
    expect(page.locator("[title]")).to_have_count(0)  # out of reach by touch and keyboard
    page.get_by_test_id("all-hosts").click()
    row = page.get_by_test_id("host-row").filter(has_text=HOST)
    row.get_by_role("link").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(row.locator("[data-kind]").nth(1)).to_be_focused()
    expect(page.get_by_test_id("hint")).to_contain_text("GPU 1: ")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_test_id("hint")).to_contain_text("GPU 0: ")
    expect(page.locator("[title]")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("gpu-name")).to_contain_text("GPU 0")
