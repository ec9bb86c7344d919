"""Security and accessibility of the page."""

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.api.dashboard.accessibility import require_accessible
from tests.api.dashboard.browser import OpenVisit, fragment
from tests.api.dashboard.conftest import (
    GPU_WITH_MARKUP,
    HOST,
    MARKUP_GPU,
    MARKUP_HOST,
    Laboratory,
)

ALL_ELEMENTS = "document.querySelectorAll('img, script:not([src]), [onerror], [onclick]').length"


def test_names_from_the_bus_are_text_and_never_markup(open_visit: OpenVisit) -> None:
    visit = open_visit()
    page = visit.go(fragment(HOST, gpu=str(GPU_WITH_MARKUP)))
    expect(page.get_by_test_id("gpu-name")).to_have_text(f"GPU {GPU_WITH_MARKUP} {MARKUP_GPU}")
    expect(page.get_by_test_id("host-card")).to_contain_text(MARKUP_GPU)
    page.get_by_test_id("cpu-chart").locator(".u-over").hover()
    page.get_by_test_id("host-select").select_option(MARKUP_HOST)
    expect(page.get_by_test_id("gpu-reason")).to_be_visible()
    expect(page.get_by_test_id("host-card")).to_contain_text(MARKUP_HOST)
    expect(page).to_have_title(f"{MARKUP_HOST} – System Monitor")  # noqa: RUF001
    assert page.evaluate(ALL_ELEMENTS) == 0
    assert page.evaluate("window.ran") is None
    with page.expect_download() as download:
        page.get_by_test_id("csv").click()
    assert not set("<>/\\ ") & set(download.value.suggested_filename)
    assert Path(download.value.path()).read_text("utf-8").startswith("timestamp_ms,time,")


def test_a_malicious_address_cannot_run_anything(open_visit: OpenVisit) -> None:
    visit = open_visit(may_fail=True)
    page = visit.go(fragment(MARKUP_HOST.replace("img", "image"), gpu="<b>", range="9h"))
    expect(page.get_by_test_id("host-select")).to_have_value(MARKUP_HOST.replace("img", "image"))
    assert page.evaluate(ALL_ELEMENTS) == 0
    assert page.evaluate("window.ran") is None


def test_a_session_has_no_errors_or_policy_violations_and_requests_no_other_origin(
    open_visit: OpenVisit,
) -> None:
    visit = open_visit()
    page = visit.go()
    expect(page.get_by_test_id("badge")).to_have_attribute("data-kind", "live")
    expect(page.get_by_test_id("logout")).to_have_count(0)  # there is no token
    page.get_by_test_id("gpu-row-2").click()
    page.get_by_test_id("series-power").click()
    for name in ("theme", "theme", "theme", "pause", "pause", "csv", "help"):
        page.get_by_test_id(name).click()
    page.keyboard.press("Escape")
    page.get_by_test_id("io-devices").locator("summary").click()
    page.set_viewport_size({"width": 700, "height": 900})
    page.get_by_test_id("cpu-chart").locator(".u-over").hover()
    page.reload()
    expect(page.get_by_test_id("badge")).to_have_attribute("data-kind", "live")
    assert visit.problems == []


def test_the_policy_is_in_force_and_violations_are_reported(open_visit: OpenVisit) -> None:
    visit = open_visit(may_fail=True)
    page = visit.go()
    page.evaluate("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.2:9/'}))")
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), "
        "{textContent: 'window.ran = 1'}))"
    )
    assert page.evaluate("window.ran") is None
    assert any("script-src" in problem for problem in visit.problems)
    assert any("127.0.0.2" in problem for problem in visit.problems)


@pytest.mark.parametrize("colours", ["dark", "light"])
def test_axe_finds_nothing(
    open_visit: OpenVisit, laboratory: Laboratory, colours: Literal["dark", "light"]
) -> None:
    laboratory.gpus.set_readings(6, utilization=33, temperature=55)
    page = open_visit(viewport={"width": 1440, "height": 900}, color_scheme=colours).go()
    expect(page.get_by_test_id("gpu-row-7")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-theme", colours)
    require_accessible(page)
