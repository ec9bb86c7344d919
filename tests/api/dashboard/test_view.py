"""The reader's choices: GPUs, hosts, spans, pausing, screens."""

import re

from playwright.sync_api import Page, Route, expect

from telemetry.clock import unix_milliseconds
from tests.api.dashboard.browser import OpenVisit, Visit, fragment
from tests.api.dashboard.conftest import HOST, MARKUP_HOST, Laboratory
from tests.services.processes import wait_until

SECONDS = 30.0
CHARTS = 6


def test_eight_gpus_have_a_row_each_and_the_selected_one_is_in_the_chart(
    visit: Visit, laboratory: Laboratory
) -> None:
    laboratory.gpus.set_readings(6, utilization=33, temperature=55)
    page = visit.page
    for gpu in range(8):
        expect(page.get_by_test_id(f"gpu-row-{gpu}")).to_be_visible()
        expect(page.get_by_test_id(f"gpu-memory-{gpu}")).to_be_visible()
    rows = page.get_by_test_id("gpu-rows").get_by_role("rowheader")
    expect(rows.get_by_role("button")).to_have_count(8)
    expect(page.get_by_test_id("gpu-memory").get_by_role("meter")).to_have_count(8)
    expect(page.get_by_test_id("gpu-name")).to_contain_text("GPU 0")
    page.get_by_test_id("gpu-row-6").click()
    assert_selected(page, 6)
    expect(page.get_by_test_id("gpu-now")).to_have_text("Util: 33% | Temp: 55°")
    chart = page.get_by_test_id("utilization-chart")
    expect(chart).to_have_accessible_name("Utilization, Temperature of GPU 6 over time")
    expect(chart).to_have_attribute(
        "aria-valuetext", re.compile("^Utilization 33%, Temperature 55°C now$")
    )
    page.get_by_test_id("gpu-row-2").get_by_role("button", name="GPU 2").focus()
    page.keyboard.press("Enter")
    assert_selected(page, 2)
    page.get_by_test_id("all-gpus-toggle").click()
    chart = page.get_by_role("slider", name="Utilization of all GPUs over time")
    expect(chart).to_have_attribute("aria-valuetext", re.compile("GPU 6 33%.* now$"))
    page.get_by_test_id("all-gpus-chart").get_by_role("button", name="GPU 6").click()
    assert_selected(page, 6)


def assert_selected(page: Page, gpu: int) -> None:
    pressed = page.get_by_test_id("gpu-rows").get_by_role("button", pressed=True)
    expect(pressed).to_have_text(f"GPU {gpu}")
    expect(page.get_by_test_id("gpu-name")).to_contain_text(f"GPU {gpu}")


def test_a_link_reproduces_host_gpu_range_and_series(visit: Visit, open_visit: OpenVisit) -> None:
    page = visit.page
    page.get_by_test_id("host-select").select_option(MARKUP_HOST)
    expect(page.get_by_test_id("gpu-reason")).to_be_visible()
    page.get_by_test_id("host-select").select_option(HOST)
    page.get_by_test_id("gpu-row-6").click()
    page.get_by_test_id("range-15m").click()
    page.get_by_test_id("series-power").click()
    page.reload()
    assert_shows_the_choice(visit)
    other = open_visit(page.url.partition("#")[0].rstrip("/"))
    other.go(f"#{page.url.partition('#')[2]}")
    assert_shows_the_choice(other)


def assert_shows_the_choice(visit: Visit) -> None:
    page = visit.page
    expect(page.get_by_test_id("host-select")).to_have_value(HOST)
    assert_selected(page, 6)
    expect(page.get_by_test_id("range-15m")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_test_id("series-power")).to_have_attribute("aria-pressed", "true")


def test_keys_select_the_range_the_gpu_and_the_help(visit: Visit) -> None:
    page = visit.page
    expect(page.get_by_test_id("gpu-row-7")).to_be_visible()
    for key, span in (("1", "5m"), ("2", "15m"), ("3", "1h")):
        page.keyboard.press(key)
        expect(page.get_by_test_id(f"range-{span}")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("]")
    expect(page.get_by_test_id("gpu-name")).to_contain_text("GPU 1")
    page.keyboard.press("[")
    page.keyboard.press("[")
    expect(page.get_by_test_id("gpu-name")).to_contain_text("GPU 7")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard and mouse")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard and mouse")).to_be_hidden()


def test_space_pauses_and_resumes_the_view(visit: Visit, laboratory: Laboratory) -> None:
    page, pause = visit.page, visit.page.get_by_test_id("pause")
    laboratory.gpus.set_readings(0, temperature=33)
    expect(page.get_by_test_id("gpu-now")).to_contain_text("Temp: 33°")
    page.keyboard.press("Space")
    expect(pause).to_have_attribute("aria-pressed", "true")
    expect(pause).to_contain_text("Paused")
    before = visit.texts()
    assert "Temp: 33°" in before["gpu-now"]
    laboratory.gpus.set_readings(0, temperature=44)
    metrics = laboratory.monitor.get
    wait_until(
        lambda: metrics("/metrics", host=HOST)["gpu"][0]["temperature"] == 44, "44°", SECONDS
    )
    rows = visit.rows()
    wait_until(lambda: len(laboratory.monitor.timestamps()) > len(rows) + 3, "samples", SECONDS)
    assert visit.texts() == before
    assert visit.rows() == rows
    page.keyboard.press("Space")
    expect(pause).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_test_id("gpu-now")).to_contain_text("Temp: 44°")


def test_back_returns_to_the_previous_gpu_and_host_but_not_to_each_range(visit: Visit) -> None:
    page = visit.page
    page.get_by_test_id("gpu-row-6").click()
    page.keyboard.press("2")
    page.keyboard.press("1")
    page.get_by_test_id("host-select").select_option(MARKUP_HOST)
    expect(page.get_by_test_id("gpu-reason")).to_be_visible()
    page.go_back()
    expect(page.get_by_test_id("host-select")).to_have_value(HOST)
    expect(page.get_by_test_id("gpu-name")).to_contain_text("GPU 6")
    expect(page.get_by_test_id("range-5m")).to_have_attribute("aria-pressed", "true")
    page.go_back()
    expect(page.get_by_test_id("gpu-name")).to_contain_text("GPU 0")
    expect(page.get_by_test_id("host-select")).to_have_value(HOST)


def test_the_view_stays_paused_when_another_host_is_selected(
    visit: Visit, laboratory: Laboratory
) -> None:
    page, pause = visit.page, visit.page.get_by_test_id("pause")
    expect(page.get_by_test_id("gpu-row-7")).to_be_visible()
    page.keyboard.press("Space")
    page.get_by_test_id("host-select").select_option(MARKUP_HOST)
    expect(pause).to_have_text(re.compile(r"Paused \d\d:\d\d:\d\d"))
    expect(page.get_by_test_id("gpu-reason")).to_be_visible()

    def settled() -> bool:
        """Return whether the history of the host has been drawn."""
        first = visit.texts(), visit.rows()
        page.wait_for_timeout(300)
        return bool(first[1]) and first == (visit.texts(), visit.rows())

    wait_until(settled, "the host as it was at the pause", SECONDS)
    before, rows = visit.texts(), visit.rows()

    def newest() -> int:
        timestamp: int = laboratory.monitor.get("/metrics", host=MARKUP_HOST)["cpu"]["timestamp"]
        return timestamp

    shown = newest()
    wait_until(lambda: newest() > shown + 1000, "new samples", SECONDS)
    assert (visit.texts(), visit.rows()) == (before, rows)
    pause.click()
    expect(pause).to_have_text("Pause")
    wait_until(lambda: len(visit.rows()) > len(rows), "the samples since", SECONDS)


def test_a_missing_gpu_in_the_address_is_a_notice(open_visit: OpenVisit) -> None:
    page = open_visit().go(fragment(HOST, gpu="31"))
    expect(page.get_by_test_id("notices")).to_have_text(
        "This host has no GPU 31. The page shows GPU 0 instead."
    )
    page.get_by_test_id("gpu-row-2").click()
    expect(page.get_by_test_id("gpu-name")).to_contain_text("GPU 2")
    expect(page.get_by_test_id("notices")).to_have_count(0)


def test_the_mouse_moves_the_cursor_of_all_charts_zooms_them_and_resets_them(
    visit: Visit,
) -> None:
    page = visit.page
    expect(page.get_by_test_id("gpu-row-7")).to_be_visible()
    chart = page.get_by_test_id("cpu-chart").locator(".u-over")
    flags = page.get_by_test_id("chart-time").filter(visible=True)

    texts: list[str] = []

    def point_at_the_middle() -> bool:
        chart.hover()
        texts[:] = flags.all_text_contents()
        return len(texts) == CHARTS

    # The page may still be arriving: a chart that moves away from the mouse removes the cursor.
    wait_until(point_at_the_middle, "each chart has a cursor", SECONDS)
    box = chart.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    times = {each.partition("\n")[0] for each in texts}
    assert len(times) == 1
    for time in page.get_by_test_id("legend-time").all_text_contents():
        assert time == f"at {next(iter(times))}"
    expect(page.get_by_test_id("cpu-panel-time")).to_have_text("now")
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], middle, steps=4)
    page.mouse.up()
    expect(page.get_by_test_id("zoom-reset")).to_be_visible()
    assert "from=" in page.url
    page.mouse.dblclick(box["x"] + 0.5 * box["width"], middle)
    expect(page.get_by_test_id("zoom-reset")).to_have_count(0)
    page.mouse.move(0, 0)
    expect(page.get_by_test_id("cpu-panel-time")).to_have_text("")


def test_the_arrow_keys_read_a_chart_aloud(visit: Visit) -> None:
    visit.page.get_by_test_id("range-1h").click()
    chart = visit.page.get_by_role("slider", name="CPU utilization over time")
    visit.page.get_by_test_id("memory-chart").locator(".u-over").hover()
    chart.focus()
    for key in ("ArrowLeft", "Home"):
        visit.page.keyboard.press(key)
        expect(chart).to_have_attribute(
            # An annotation of another test may follow.
            "aria-valuetext",
            re.compile(r"^All cores .*, Busiest core .* at .*\d\d:\d\d:\d\d(\. |$)"),
        )
    visit.page.mouse.move(0, 0)  # it leaves the other chart: the cursor of the keys stays
    expect(chart).to_have_attribute("aria-valuenow", "0")
    visit.page.evaluate("hash => { location.hash = hash }", fragment(HOST, range="5m"))
    expect(visit.page.get_by_test_id("range-5m")).to_have_attribute("aria-pressed", "true")
    expect(chart).to_have_attribute("aria-valuenow", "0")  # the cursor is to the left of the span
    for _ in range(10):
        visit.page.keyboard.press("ArrowRight")
    expect(chart).to_have_attribute("aria-valuenow", re.compile("^([5-9]|10)$"))
    visit.page.keyboard.press("End")
    expect(chart).to_have_attribute("aria-valuetext", re.compile("now$"))


def test_a_link_with_a_zoom_shows_every_sample_where_the_page_has_the_hour_in_buckets(
    open_visit: OpenVisit, laboratory: Laboratory
) -> None:
    laboratory.monitor.wait_for_history(6)
    asked = {"channel": "system/cpu", "host": HOST, "max_points": 5000}
    stored = laboratory.monitor.get("/history", **asked)["channels"]["system/cpu"]
    rows = zip(stored["timestamps"], stored["fields"]["utilization"], strict=True)
    times, values = zip(*(row for row in rows if row[1] is not None), strict=True)
    visit = open_visit()

    def answer_in_buckets(route: Route) -> None:
        coarse = re.sub(r"max_points=(2000|5000)", "max_points=2", route.request.url)
        route.fulfill(response=route.fetch(url=coarse))

    visit.page.route("**/api/v1/system/history?*", answer_in_buckets)
    visit.go(fragment(HOST, **{"from": str(times[0]), "to": str(times[-2])}))

    def read() -> tuple[float, ...]:
        return tuple(float(value) for row in visit.rows() if (value := row["cpu.utilization"]))

    wait_until(lambda: read() == values[:-1], "each sample of the zoom", SECONDS)
    visit.page.keyboard.press("0")
    assert read()[: len(values)] != values


def test_the_ranges_reach_back_as_far_as_the_history_and_a_span_that_is_gone_is_a_notice(
    open_visit: OpenVisit,
) -> None:
    page = open_visit().go(fragment(HOST, range="7d"))
    expect(page.get_by_test_id("range-7d")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("group", name="Time range").get_by_role("button")).to_have_count(6)
    notices = page.get_by_test_id("notices")
    expect(notices).to_have_count(0)
    page.evaluate("location.hash += '&from=1700000000000&to=1700003600000'")
    expect(notices).to_contain_text("has expired. The history keeps 7 d, so it begins at ")
    expect(page.get_by_test_id("zoom-reset")).to_contain_text("14 Nov 2")
    hour_before_last = unix_milliseconds() - 2 * 3_600_000
    page.goto(
        page.url.partition("#")[0]
        + fragment(HOST, **{"from": str(hour_before_last), "to": str(hour_before_last + 60_000)})
    )
    expect(notices).to_contain_text("This host has no data between ")
    page.keyboard.press("0")
    expect(notices).to_have_count(0)


def test_the_space_bar_pauses_after_a_click_on_csv(visit: Visit) -> None:
    page = visit.page
    page.get_by_test_id("csv").click()
    page.keyboard.press("Space")
    expect(page.get_by_test_id("pause")).to_have_attribute("aria-pressed", "true")
    page.get_by_test_id("pause").focus()
    page.keyboard.press("Space")  # with the focus on a button, the space bar presses it, once
    expect(page.get_by_test_id("pause")).to_have_attribute("aria-pressed", "false")


def test_an_unknown_host_is_named_with_links_to_the_known_hosts(
    open_visit: OpenVisit,
) -> None:
    page = open_visit(may_fail=True).go(fragment("gpu-70"))
    expect(page.get_by_test_id("badge")).to_contain_text("Unknown host")
    notice = page.get_by_test_id("notices")
    expect(notice).to_contain_text("has received nothing from a host named “gpu-70”")
    notice.get_by_role("button", name=HOST).click()
    expect(page.get_by_test_id("badge")).to_have_attribute("data-kind", "live")
    expect(page.get_by_test_id("notices")).to_have_count(0)
