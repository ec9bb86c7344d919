"""The page of all hosts."""

import re

from playwright.sync_api import expect

from tests.api.dashboard.accessibility import require_nothing_serious
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
    require_nothing_serious(page)
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
