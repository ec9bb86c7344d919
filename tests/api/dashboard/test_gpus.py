"""The details of each GPU beside its charts, on one page for all of these tests."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.api.dashboard.browser import Visit
from tests.api.dashboard.conftest import GPU_WITH_MARKUP, HOST, MARKUP_GPU, Laboratory
from tests.api.dashboard.values import DASH

NOT_SUPPORTED, GPU_IS_LOST = 3, 15
MARKUP = "document.querySelectorAll('img, [onerror]').length"


@pytest.fixture(scope="module")
def visit(chromium: Browser, laboratory: Laboratory) -> Iterator[Visit]:
    """Show the dashboard in a wide window; the visit must end without problems."""
    visit = Visit.start(chromium, laboratory.address, viewport={"width": 1440, "height": 900})
    visit.go()
    yield visit
    visit.context.close()
    assert visit.problems == []


def test_a_value_is_explained_to_the_mouse_the_keyboard_and_a_screen_reader(visit: Visit) -> None:
    page = visit.page
    explanation = page.get_by_test_id("hint")
    margin = page.get_by_role("button", name="Below slowdown")
    margin.hover()
    expect(explanation).to_have_text("margin to the slowdown temperature")
    expect(margin).to_have_accessible_description("margin to the slowdown temperature")
    page.get_by_test_id("gpu-now").hover()
    expect(explanation).to_be_hidden()
    margin.focus()
    expect(explanation).to_be_visible()
    page.keyboard.press("Escape")
    expect(explanation).to_be_hidden()


def test_the_memory_of_the_selected_gpu_is_stacked_by_process_and_the_rest_together(
    visit: Visit, laboratory: Laboratory
) -> None:
    page = visit.page
    page.get_by_test_id("gpu-row-6").click()
    laboratory.gpus.set_readings(
        6, processes=" ".join(f"{7000000 + n}:graphics:{(n + 1) * 2**20}" for n in range(9))
    )
    chart = page.get_by_test_id("gpu-memory-chart")
    for known in (r"process \(7000008\) 9.0 MiB,", r"process \(7000003\) 4.0 MiB,.* In use \d"):
        expect(chart).to_have_attribute("aria-valuetext", re.compile(known))
    expect(chart).not_to_have_attribute("aria-valuetext", re.compile("7000002"))


def test_all_readings_of_the_selected_gpu_are_shown_on_demand(
    visit: Visit, laboratory: Laboratory
) -> None:
    laboratory.gpus.set_readings(6, memory_temperature=77, energy=1_234_567_800)
    laboratory.gpus.fail(NOT_SUPPORTED, "nvmlDeviceGetFanSpeed", gpu=6)
    page = visit.page
    page.get_by_test_id("gpu-row-6").click()
    expect(page.get_by_test_id("gpu-reading-uuid")).to_have_count(0)
    page.get_by_test_id("gpu-readings").locator("summary").click()
    uuid = laboratory.monitor.get("/gpu", host=HOST)["gpus"][6]["uuid"]
    expect(page.get_by_test_id("gpu-reading-uuid")).to_have_text(f"UUID{uuid}")
    expect(page.get_by_test_id("gpu-reading-memory_temperature")).to_contain_text("77 °C")
    expect(page.get_by_test_id("gpu-reading-energy")).to_contain_text("343 Wh")
    expect(page.get_by_test_id("gpu-reading-fan_speed")).to_have_text(f"Fan speed{DASH}")
    laboratory.gpus.recover("nvmlDeviceGetFanSpeed", gpu=6)
    page.get_by_test_id("gpu-readings").locator("summary").click()
    expect(page.get_by_test_id("gpu-reading-uuid")).to_have_count(0)


def test_a_lost_gpu_is_marked_while_the_others_are_shown_and_recovers_by_itself(
    visit: Visit, laboratory: Laboratory
) -> None:
    page = visit.page
    laboratory.gpus.set_readings(6, utilization=33)
    laboratory.gpus.fail(GPU_IS_LOST, gpu=6)
    sentence = "GPU 6 (NVIDIA H100 80GB HBM3) is lost and no longer answers on its bus"
    silence = page.get_by_test_id("gpu-panel-silence")
    expect(silence).to_contain_text(sentence)
    report = laboratory.monitor.get("/gpu", host=HOST)
    assert report["reason"].startswith(sentence)
    assert [gpu["utilization"] is None for gpu in report["gpus"]] == [*[False] * 6, True, False]
    expect(page.get_by_test_id("gpu-6-utilization")).to_have_text(DASH)
    expect(page.get_by_test_id("gpu-7-utilization")).not_to_have_text(DASH)
    expect(page.get_by_test_id("gpu-state-6")).to_contain_text(f"not reporting: {sentence}")
    mark = page.get_by_test_id("gpu-memory-6").get_by_role("button").last
    expect(mark).to_contain_text(sentence)
    expect(page.get_by_role("meter", name="Memory of GPU 6")).to_have_count(0)
    laboratory.gpus.recover(gpu=6)
    expect(page.get_by_test_id("gpu-6-utilization")).to_have_text("33%")
    expect(page.get_by_role("meter", name="Memory of GPU 6")).to_have_count(1)
    expect(silence).to_have_count(0)


def test_the_name_of_a_script_on_a_gpu_is_text_and_never_markup(
    visit: Visit, laboratory: Laboratory, tmp_path: Path
) -> None:
    script = tmp_path / MARKUP_GPU
    script.write_text("import sys; sys.stdin.read()")
    with subprocess.Popen([sys.executable, script], stdin=subprocess.PIPE) as process:
        laboratory.gpus.set_readings(GPU_WITH_MARKUP, processes=f"{process.pid}:compute:{2**30}")
        page = visit.page
        page.get_by_test_id(f"gpu-row-{GPU_WITH_MARKUP}").click()
        row = page.get_by_test_id("gpu-processes").get_by_role("row").nth(1)
        expect(row.get_by_role("cell").nth(1)).to_have_text(str(process.pid))
        expect(row).to_contain_text("1.0 GiB")
        expect(row.get_by_role("cell").last).to_have_text(re.compile(r"^[1-9]\d* s$"))
        listed = laboratory.monitor.get("/gpu", host=HOST)["gpus"][GPU_WITH_MARKUP]["processes"]
        if not listed["unresolved"]:  # as in a container with process ids of its own
            expect(row.get_by_role("rowheader")).to_have_text(
                f"{Path(sys.executable).name} {MARKUP_GPU}"
            )
        assert page.evaluate(MARKUP) == 0
        assert page.evaluate("window.ran") is None
