"""Every text fits on each screen: one page, at several widths, for all of these tests."""

import re
from collections.abc import Iterator, Mapping

import pytest
from playwright.sync_api import Browser, Page, expect

from telemetry.clock import unix_milliseconds
from telemetry.samples import Sample
from tests.api.dashboard.browser import Visit, fragment
from tests.api.dashboard.conftest import HOST, Laboratory
from tests.api.dashboard.layout import collisions, overruns
from tests.services.embedded import Listener

GIB = 2**30
LARGE_HOST = "titan"
LARGE_HOST_GPUS = 8
ALL_SERIES = "utilization,temperature,memory,power"
TALLEST_TABLE = 600
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


@pytest.fixture(scope="module")
def page(chromium: Browser, laboratory: Laboratory) -> Iterator[Page]:
    """Show the dashboard; the visit must end without problems."""
    visit = Visit.start(chromium, laboratory.address)
    page = visit.go(fragment(HOST))
    expect(page.get_by_test_id("gpu-row-7")).to_be_visible()
    with Listener(laboratory.monitor.mqtt_port) as bus:
        for channel, values in large_samples():
            now = unix_milliseconds()
            bus.publish(channel, Sample(channel, LARGE_HOST, now, values).payload())
    yield page
    visit.context.close()
    assert visit.problems == []


def large_samples() -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield the samples of a server with eight GPUs, 2 TB of memory and fast networks."""
    yield "system/status", {"state": "online", "interval": 60, "sensors": {}}
    yield (
        "system/cpu",
        {
            "utilization": 100,
            "per_core": [100.0] * 224,
            "frequency": 2450,
            "frequency_max": 3800,
            "load_average": [224.3, 198.1, 112.6],
            "pressure_some": 32.8,
        },
    )
    memory = {"ram_used": 1512 * GIB, "ram_total": 2016 * GIB, "pressure_some": 55.5}
    swap = {"swap_used": 3 * GIB, "swap_total": 8 * GIB}
    job = {"cgroup_used": 1350 * GIB, "cgroup_limit": 1500 * GIB}
    yield "system/memory", {**memory, **swap, **job}
    yield "system/disk", {"read_rate": 12345.6, "write_rate": 26543.2, "per_device": {}}
    yield "system/network", {"download_rate": 48123.4, "upload_rate": 47980.1, "per_interface": {}}
    for gpu in range(LARGE_HOST_GPUS):
        total = (80 if gpu % 2 else 180) * GIB
        yield (
            f"system/gpu/{gpu}",
            {
                "utilization": 100,
                "temperature": 88,
                "memory_used": 97 * total // 100,
                "memory_total": total,
                "power": 998,
                "power_limit": 1000,
                "sm_clock": 1965,
                "memory_utilization": 100,
                "temperature_margin": 2,
                "ecc_errors_uncorrected_volatile": 1234,
                "name": "NVIDIA B200",
                "throttle_reasons": ["sw_power_cap", "hw_thermal_slowdown"],
                "throttle_shares": {"sw_power_cap": 99.0, "hw_thermal_slowdown": 33.0},
            },
        )
    process = {
        "pid": 4194303,
        "command": "torchrun train_large_language_model_stage_two.py",
        "user": "firstname.lastname",
        "memory_used": 90 * GIB,
        "kind": "compute",
        "started": 0,
    }
    yield "system/gpu/0/processes", {"processes": [process] * 6, "more": 2}


def resize(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})


def test_the_headline_and_the_facts_beside_it_do_not_overlap(page: Page) -> None:
    for width in WIDTHS:
        resize(page, width)
        assert (width, collisions(page, ".now-row")) == (width, [])
        assert (width, overruns(page, ".gpu-panel .now-row")) == (width, [])


def test_the_chart_does_not_move_whatever_the_throttle_reasons(page: Page) -> None:
    for width in (1440, 1250, 320):
        resize(page, width)
        tops = {
            chart_top_with(page, text)
            for text in ("Not throttled", "Throttled: " + 9 * "too hot, ")
        }
        assert (width, len(tops)) == (width, 1)


def chart_top_with(page: Page, throttling: str) -> float:
    top: float = page.get_by_test_id("gpu-throttle").evaluate(
        """(place, text) => {
          const node = place.firstChild;
          const before = node.data;
          node.data = text;
          const chart = document.querySelector("[data-testid=utilization-chart]");
          const { top } = chart.getBoundingClientRect();
          node.data = before;
          return top;
        }""",
        throttling,
    )
    return top


def test_the_numbers_and_names_of_a_large_server_fit_on_every_screen(page: Page) -> None:
    page.goto(page.url.partition("#")[0] + fragment(LARGE_HOST, series=ALL_SERIES))
    expect(page.get_by_test_id("gpu-now")).to_have_text("Util: 100% | Temp: 88°")
    expect(
        page.get_by_test_id("gpu-memory-0").get_by_role("button", name="nearly full")
    ).to_be_visible()
    expect(page.get_by_test_id("gpu-memory-errors")).to_have_text("1,234 uncorrectable ECC errors")
    for width in WIDTHS:
        resize(page, width)
        assert (width, overruns(page)) == (width, [])
        assert (width, collisions(page, ".page")) == (width, [])
    table = page.get_by_test_id("gpu-processes").bounding_box()
    assert table is not None
    assert table["height"] < TALLEST_TABLE


def test_the_axes_have_the_units_of_the_numbers(page: Page) -> None:
    page.goto(page.url.partition("#")[0] + fragment(LARGE_HOST))
    expect(page.get_by_test_id("ram-value")).to_have_text("1.5 TiB / 2 TiB")
    memory = page.get_by_test_id("memory-chart")
    expect(memory).to_have_attribute(
        "aria-valuetext", re.compile(r"RAM 1\.48 TiB, Swap 3\.0 GiB, This job 1\.32 TiB")
    )


def test_panels_below_one_that_is_about_to_grow_appear_after_it(page: Page) -> None:
    resize(page, WIDTHS[0])
    gpus = page.get_by_test_id("gpu-panel")
    expect(page.get_by_test_id("cpu-panel")).to_be_visible()
    visibility = gpus.evaluate(
        """panel => {
          panel.classList.add("is-waiting");
          const parts = [panel, document.querySelector("[data-testid=cpu-panel]")];
          const visibility = parts.map((part) => getComputedStyle(part).visibility);
          panel.classList.remove("is-waiting");
          return visibility;
        }"""
    )
    assert visibility == ["visible", "hidden"]


def test_fills_that_carry_information_remain_with_forced_colours(page: Page) -> None:
    resize(page, WIDTHS[0])
    page.emulate_media(forced_colors="active")
    for part in (".meter", ".swatch", ".dot"):
        assert page.locator(part).first.evaluate(CONTRASTS), part
    pressed = page.get_by_test_id("range-1h")
    other = page.get_by_test_id("range-5m")
    assert pressed.evaluate(FILL) != other.evaluate(FILL)
    page.emulate_media(forced_colors="none")


def test_text_follows_the_text_size_of_the_browser(page: Page) -> None:
    resize(page, 2 * WIDTHS[0])
    value = page.get_by_test_id("cpu-value")
    usual = value.evaluate(FONT_SIZE)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert value.evaluate(FONT_SIZE) == pytest.approx(2 * usual)
    assert overruns(page) == []
    assert collisions(page, ".page") == []
    page.evaluate("document.documentElement.style.fontSize = ''")
