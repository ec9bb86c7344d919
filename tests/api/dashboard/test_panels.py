"""The four panels and the widget: what they say, what they draw."""

import re
import time
from functools import partial

import psutil
from playwright.sync_api import Page, expect

from telemetry.samples import Sample
from tests.api.dashboard.browser import OpenVisit, Visit, fragment
from tests.api.dashboard.conftest import (
    GPU_WITHOUT_TEMPERATURE,
    HOST,
    MARKUP_HOST,
    Laboratory,
)
from tests.api.dashboard.values import DASH, expected_texts
from tests.services.embedded import Listener
from tests.services.processes import wait_until

LINES = [
    ("utilization-chart", "--blue"),
    ("utilization-chart", "--orange"),
    ("utilization-chart", "--pink"),
    ("cpu-chart", "--blue"),
    ("memory-chart", "--green"),
    ("disk-chart", "--blue"),
    ("network-chart", "--green"),
]
SECONDS = 15.0
GPU_IS_LOST = 15
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
    """Compare again until a sample does not fall between REST's answer and the page's."""
    deadline = time.monotonic() + SECONDS
    while True:
        expected = expected_texts(laboratory.monitor.get("/metrics", host=host))
        texts = visit.texts()
        shown = {name: texts.get(name) for name in expected}
        if shown == expected or time.monotonic() > deadline:
            break
    assert shown == expected


def test_the_panels_and_the_widget_say_what_rest_says(visit: Visit, laboratory: Laboratory) -> None:
    expect(visit.page.get_by_test_id("badge")).to_contain_text("Live")
    assert_panels_agree(visit, laboratory, HOST)
    size = r"\d+(\.\d)? [GT]B"
    expect(visit.page.get_by_test_id("ram-value")).to_have_text(re.compile(rf"^{size} / {size}$"))


def test_a_reading_is_shown_as_a_researcher_reads_it(visit: Visit, laboratory: Laboratory) -> None:
    laboratory.gpus.set_readings(
        0,
        utilization=75,
        temperature=72,
        memory_total=8 * 2**30,
        memory_used=round(6.2 * 2**30),
    )
    page = visit.page
    expect(page.get_by_test_id("gpu-now")).to_have_text("Util: 75% | Temp: 72°")
    expect(page.get_by_test_id("gpu-memory-0")).to_contain_text("6.2 / 8.0 GB")
    meter = page.get_by_role("meter", name="Memory of GPU 0")
    expect(meter).to_have_attribute("aria-valuenow", "78")
    expect(meter).to_have_attribute("aria-valuetext", "6.2 / 8.0 GB")


def is_drawn(page: Page, where: str, colour: str) -> bool:
    return pixels(page, where, colour) > 0


def test_each_chart_and_tile_draws_its_lines_and_others_once_they_are_switched_on(
    visit: Visit,
) -> None:
    page = visit.page
    page.get_by_test_id("range-5m").click()
    assert pixels(page, "utilization-chart", "--pink") == 0
    page.get_by_test_id("series-power").click()
    assert "power" in page.url
    lines = [*LINES, *((f"gpu-tile-{gpu}", "--blue") for gpu in range(8))]
    for where, colour in lines:
        wait_until(partial(has_pixels, page, where, colour), f"{colour} in {where}", SECONDS)


def test_a_value_that_the_hardware_does_not_report_is_a_dash(visit: Visit) -> None:
    page = visit.page
    tile = page.get_by_test_id(f"gpu-tile-{GPU_WITHOUT_TEMPERATURE}")
    expect(tile).to_contain_text(DASH)
    tile.click()
    expect(page.get_by_test_id("gpu-now")).to_have_text(
        re.compile(rf"^Util: \d+% \| Temp: {DASH}$")
    )
    expect(page.get_by_test_id("series-temperature")).to_have_text(f"Temperature{DASH}")


def test_a_gpu_with_the_systems_memory_is_said_to_have_it(
    visit: Visit, laboratory: Laboratory
) -> None:
    laboratory.gpus.set_readings(6, memory_total=0, memory_used=0)
    expect(visit.page.get_by_test_id("gpu-memory-6")).to_contain_text("GPU 6 unified")
    total = f"{psutil.virtual_memory().total / 2**30:.1f} GB"
    expect(visit.page.get_by_test_id("gpu-memory-6")).to_contain_text(total)
    laboratory.gpus.set_readings(6, memory_total=80 * 2**30, memory_used=2**30)
    expect(visit.page.get_by_test_id("gpu-memory-6")).to_contain_text("1.0 / 80.0 GB")
    expect(visit.page.get_by_test_id("gpu-memory-6")).not_to_contain_text("unified")


def test_beside_the_gpu_stand_its_slowdowns_of_the_last_minutes_and_what_is_left_to_the_next(
    visit: Visit, laboratory: Laboratory
) -> None:
    laboratory.gpus.set_readings(6, temperature=71, temperature_margin=16, event_reasons="0x24")
    page = visit.page
    page.get_by_test_id("gpu-tile-6").click()
    expect(page.get_by_test_id("gpu-throttle")).to_have_text("Throttled: power limit, too hot")
    expect(page.get_by_test_id("gpu-throttle-shares")).to_contain_text("too hot")
    expect(page.get_by_test_id("gpu-throttle-shares")).to_have_text(
        re.compile(r"^Last 5 min: .*(power limit|too hot|idle) <?\d+%")
    )
    expect(page.get_by_test_id("gpu-margin")).to_have_text("16°")


def test_the_processes_of_the_chosen_gpu_are_listed_and_the_rest_counted(
    visit: Visit, laboratory: Laboratory
) -> None:
    page = visit.page
    page.get_by_test_id("gpu-tile-6").click()
    processes = page.get_by_test_id("gpu-processes")
    laboratory.gpus.set_readings(6, processes="none")
    expect(processes).to_have_text("No process uses this GPU.")
    laboratory.gpus.set_readings(
        6, processes=" ".join(f"{7000000 + n}:graphics:{(n + 1) * 2**20}" for n in range(9))
    )
    expect(processes.get_by_role("row")).to_have_count(7)
    expect(processes.get_by_role("row").nth(1)).to_contain_text("70000089.0 MB")
    expect(processes).to_contain_text("… and 3 more with less memory.")
    expect(page.get_by_test_id("gpu-processes-note")).to_be_visible()


def test_a_gpu_in_mig_mode_shows_its_instances_with_their_memory(
    open_visit: OpenVisit, laboratory: Laboratory
) -> None:
    with Listener(laboratory.monitor.mqtt_port) as bus:
        page = open_visit(viewport={"width": 1440, "height": 900}).go(fragment(HOST, gpu="4"))
        expect(page.get_by_test_id("gpu-instances")).to_have_count(0)
        for index in (0, 2):
            memory = {"memory_used": (index + 1) * 2**30, "memory_total": 10 * 2**30}
            sample = Sample(f"system/gpu/4/mig/{index}", HOST, time.time_ns() // 10**6, memory)
            bus.publish(sample.channel, sample.payload())
        expect(page.get_by_test_id("gpu-instances")).to_have_text(
            "MIG 01.0 / 10.0 GBMIG 23.0 / 10.0 GB"
        )
        meter = page.get_by_role("meter", name="Memory of MIG 2 of GPU 4")
        expect(meter).to_have_attribute("aria-valuenow", "30")
        expect(page.get_by_test_id("gpu-instances")).to_have_count(0)  # silent for three intervals


def test_a_lost_gpu_is_told_while_the_others_are_shown_and_comes_back_by_itself(
    visit: Visit, laboratory: Laboratory
) -> None:
    page = visit.page
    laboratory.gpus.set_readings(6, utilization=33)
    laboratory.gpus.fail(GPU_IS_LOST, gpu=6)
    sentence = "GPU 6 (NVIDIA H100 80GB HBM3) is lost, it no longer answers on its bus"
    silence = page.get_by_test_id("gpu-panel-silence")
    expect(silence).to_contain_text(sentence)
    report = laboratory.monitor.get("/gpu", host=HOST)
    assert report["reason"].startswith(sentence)
    assert [gpu["utilization"] is None for gpu in report["gpus"]] == [*[False] * 6, True, False]
    expect(page.get_by_test_id("gpu-tile-6")).to_contain_text(DASH)
    expect(page.get_by_test_id("gpu-tile-7")).not_to_contain_text(DASH)
    laboratory.gpus.recover(gpu=6)
    expect(page.get_by_test_id("gpu-tile-6")).to_contain_text("33%")
    expect(silence).to_have_count(0)


def test_without_a_gpu_one_sentence_says_why_and_no_zero_is_shown(
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
