"""Every text fits on each screen, and none moves another part; one page for all of these tests.

The page shows samples with extreme values that arrive over the bus.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api.dashboard import extremes
from tests.api.dashboard.browser import Visit, fragment
from tests.api.dashboard.conftest import HOST, Laboratory
from tests.api.dashboard.layout import collisions, moved, overruns, places
from tests.api.dashboard.values import DASH
from tests.services.embedded import Listener
from tests.services.processes import wait_until

ALL_SERIES = "utilization,temperature,memory,power"
TALLEST_TABLE = 600
HEADLINES = ("[data-testid=gpu-headline]", "[data-testid=cpu-headline]")
FONT_SIZE = "text => parseFloat(getComputedStyle(text).fontSize)"
FILL = "part => getComputedStyle(part).backgroundColor"
# Whether a fill, or a line in its place, stands out from the page.
CONTRASTS = """part => {
  const { backgroundColor, borderTopColor, borderTopWidth } = getComputedStyle(part);
  const page = getComputedStyle(document.body).backgroundColor;
  const colour = parseFloat(borderTopWidth) > 0 ? borderTopColor : backgroundColor;
  return getComputedStyle(part).forcedColorAdjust === "none" && colour !== page;
}"""
WIDTHS = (1440, 1250, 1024, 768, 390, 320)
NEWCOMER = "newcomer"


@pytest.fixture(scope="module")
def bus(laboratory: Laboratory) -> Iterator[Listener]:
    """Publish as a collector does."""
    with Listener(laboratory.monitor.mqtt_port) as bus:
        yield bus


@pytest.fixture(scope="module")
def shared(chromium: Browser, laboratory: Laboratory, bus: Listener) -> Iterator[Visit]:
    """Open the page once; the visit must end without problems."""
    visit = Visit.start(chromium, laboratory.address)
    extremes.publish(bus, "highest")
    visit.go(fragment(HOST))
    yield visit
    visit.context.close()
    assert visit.problems == []


@pytest.fixture
def page(shared: Visit) -> Page:
    """Show the large server, with a line for each quantity."""
    page = shared.page
    page.goto(f"{shared.address}/{fragment(extremes.HOST, series=ALL_SERIES)}")
    expect(page.get_by_test_id("gpu-row-7")).to_be_visible()
    return page


def resize(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})


def show(page: Page, bus: Listener, extreme: extremes.Extreme, **of_each_gpu: Any) -> None:
    """Publish samples, and wait until the page shows them."""
    extremes.publish(bus, extreme, **of_each_gpu)
    shown = {"highest": "100%", "lowest": "0%", "unknown": DASH}[extreme]
    expect(page.get_by_test_id("gpu-now")).to_contain_text(f"Util: {shown} |")


@pytest.mark.parametrize("extreme", ["highest", "lowest", "unknown"])
def test_all_values_fit_on_every_screen(
    page: Page, bus: Listener, extreme: extremes.Extreme
) -> None:
    show(page, bus, extreme)
    for width in WIDTHS:
        resize(page, width)
        assert (width, overruns(page)) == (width, [])
        assert (width, collisions(page, "main, aside")) == (width, [])
        for headline in HEADLINES:
            assert (width, collisions(page, headline)) == (width, [])
            assert (width, overruns(page, headline)) == (width, [])


@pytest.mark.parametrize("width", [1440, 768, 320])
def test_new_values_move_nothing(page: Page, bus: Listener, width: int) -> None:
    resize(page, width)
    show(page, bus, "lowest")
    before = places(page)
    for extreme in ("highest", "unknown", "lowest"):
        show(page, bus, extreme)
        assert moved(before, page) == []


@pytest.mark.parametrize("width", [1440, 1250, 320])
def test_the_chart_does_not_move_whatever_the_throttle_reasons(
    page: Page, bus: Listener, width: int
) -> None:
    resize(page, width)
    state = page.get_by_test_id("gpu-throttle")
    show(page, bus, "highest", **extremes.CALM)
    expect(state).to_have_text("Not throttled")
    before = places(page)
    show(page, bus, "highest", **extremes.THROTTLED_BY_ALL)
    expect(state).to_contain_text(re.compile("^Throttled: .*,.*,"))
    assert moved(before, page) == []
    assert overruns(page) == []


def test_the_problems_of_a_large_server_are_named_and_its_table_is_short(
    page: Page, bus: Listener
) -> None:
    resize(page, WIDTHS[-1])
    show(page, bus, "highest")
    expect(page.get_by_test_id("gpu-now")).to_have_text("Util: 100% | Temp: 88°")
    expect(
        page.get_by_test_id("gpu-memory-0").get_by_role("button", name="nearly full")
    ).to_be_visible()
    expect(page.get_by_test_id("gpu-memory-errors")).to_have_text("1,234 uncorrectable ECC errors")
    table = page.get_by_test_id("gpu-processes").bounding_box()
    assert table is not None
    assert table["height"] < TALLEST_TABLE


def test_the_axes_have_the_units_of_the_numbers(page: Page, bus: Listener) -> None:
    show(page, bus, "highest")
    expect(page.get_by_test_id("ram-value")).to_have_text("1.5 TiB / 2 TiB")
    memory = page.get_by_test_id("memory-chart")
    expect(memory).to_have_attribute(
        "aria-valuetext", re.compile(r"RAM 1\.48 TiB, Swap 3\.0 GiB, This job 1\.32 TiB")
    )


def test_panels_below_one_that_is_about_to_grow_appear_after_it(
    shared: Visit, bus: Listener, laboratory: Laboratory
) -> None:
    page = shared.page
    resize(page, WIDTHS[0])
    devtools = shared.context.new_cdp_session(page)
    devtools.send("Animation.enable")
    devtools.send("Animation.setPlaybackRate", {"playbackRate": 0})  # the moment does not end
    samples = extremes.samples("lowest", NEWCOMER)
    bus.publish("system/cpu", samples["system/cpu"].payload())
    wait_until(lambda: is_known(laboratory, NEWCOMER), "the sample of the new host")
    page.goto(f"{shared.address}/{fragment(NEWCOMER)}")
    page.reload()
    expect(page.get_by_test_id("gpu-reason")).to_have_text(
        "The collector has not reported its GPUs yet."
    )
    expect(page.get_by_test_id("gpu-memory")).to_be_visible()
    expect(page.get_by_test_id("cpu-panel")).to_be_hidden()
    bus.publish("system/gpu/0", samples["system/gpu/0"].payload())
    expect(page.get_by_test_id("gpu-now")).to_have_text("Util: 0% | Temp: 0°")
    expect(page.get_by_test_id("cpu-panel")).to_be_visible()
    devtools.send("Animation.disable")
    devtools.detach()


def is_known(laboratory: Laboratory, host: str) -> bool:
    status, _ = laboratory.monitor.answer("/api/v1/system/metrics", host=host)
    return status == 200


def test_fills_that_carry_information_remain_with_forced_colours(page: Page) -> None:
    resize(page, WIDTHS[0])
    page.emulate_media(forced_colors="active")
    for part in ("[role=meter]", "[data-testid=swatch]", "[data-testid=badge] i"):
        assert page.locator(part).first.evaluate(CONTRASTS), part
    pressed = page.locator("[aria-pressed=true][data-testid^=range]")
    other = page.locator("[aria-pressed=false][data-testid^=range]").first
    assert pressed.evaluate(FILL) != other.evaluate(FILL)
    page.emulate_media(forced_colors="none")


def test_text_follows_the_text_size_of_the_browser(page: Page) -> None:
    resize(page, 2 * WIDTHS[0])
    value = page.get_by_test_id("cpu-value")
    usual = value.evaluate(FONT_SIZE)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert value.evaluate(FONT_SIZE) == pytest.approx(2 * usual)
    assert overruns(page) == []
    assert collisions(page, "main") == []
    page.evaluate("document.documentElement.style.fontSize = ''")
