"""The details of each GPU beside its charts, on one page for all of these tests."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, expect

from telemetry.clock import unix_milliseconds
from telemetry.samples import Sample
from tests.api.dashboard.browser import Visit
from tests.api.dashboard.conftest import GPU_WITH_MARKUP, HOST, MARKUP_GPU, Laboratory
from tests.api.dashboard.values import DASH
from tests.services.embedded import Listener

NOT_SUPPORTED, GPU_IS_LOST, NO_DATA = 3, 15, 21
MARKUP = "document.querySelectorAll('img, [onerror]').length"


@pytest.fixture(scope="module")
def visit(chromium: Browser, laboratory: Laboratory) -> Iterator[Visit]:
    """Show the dashboard in a wide window; the visit must end without problems."""
    visit = Visit.start(chromium, laboratory.address, viewport={"width": 1440, "height": 900})
    visit.go()
    yield visit
    visit.context.close()
    assert visit.problems == []


def test_a_gpu_that_shares_the_systems_memory_is_labelled_unified(
    visit: Visit, laboratory: Laboratory
) -> None:
    laboratory.gpus.set_readings(6, memory_total=0, memory_used=0)
    expect(visit.page.get_by_test_id("gpu-memory-6")).to_contain_text("GPU 6 unified")
    total = f"{psutil.virtual_memory().total / 2**30:.1f} GiB"
    expect(visit.page.get_by_test_id("gpu-memory-6")).to_contain_text(total)
    laboratory.gpus.set_readings(6, memory_total=80 * 2**30, memory_used=2**30)
    expect(visit.page.get_by_test_id("gpu-memory-6")).to_contain_text("1.0 / 80.0 GiB")
    expect(visit.page.get_by_test_id("gpu-memory-6")).not_to_contain_text("unified")


def test_a_gpu_shows_its_throttle_reasons_now_and_recently_and_its_thermal_headroom(
    visit: Visit, laboratory: Laboratory
) -> None:
    laboratory.gpus.set_readings(6, temperature=71, temperature_margin=16, event_reasons="0x24")
    page = visit.page
    page.get_by_test_id("gpu-row-6").click()
    expect(page.get_by_test_id("gpu-throttle")).to_have_text("Throttled: too hot")
    expect(page.get_by_test_id("gpu-throttle-shares")).to_contain_text("too hot")
    expect(page.get_by_test_id("gpu-throttle-shares")).to_have_text(
        re.compile(r"^Last 5 min: .*(power limit|too hot|idle) <?\d+%")
    )
    expect(page.get_by_test_id("gpu-margin")).to_have_text("16°")


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


def test_the_processes_of_the_selected_gpu_are_listed_and_stacked_and_the_rest_counted(
    visit: Visit, laboratory: Laboratory
) -> None:
    page = visit.page
    page.get_by_test_id("gpu-row-6").click()
    processes = page.get_by_test_id("gpu-processes")
    laboratory.gpus.set_readings(6, processes="none")
    expect(processes).to_have_text("No processes are using this GPU.")
    laboratory.gpus.set_readings(
        6, processes=" ".join(f"{7000000 + n}:graphics:{(n + 1) * 2**20}" for n in range(9))
    )
    expect(processes.get_by_role("row")).to_have_count(7)
    expect(processes.get_by_role("row").nth(1)).to_contain_text("70000089.0 MiB")
    expect(processes).to_contain_text("… and 3 more using less memory.")
    expect(page.get_by_test_id("gpu-processes-note")).to_be_visible()
    chart = page.get_by_test_id("gpu-memory-chart")
    for known in (r"process \(7000008\) 9.0 MiB,", r"process \(7000003\) 4.0 MiB,.* In use \d"):
        expect(chart).to_have_attribute("aria-valuetext", re.compile(known))
    expect(chart).not_to_have_attribute("aria-valuetext", re.compile("7000002"))


def test_a_gpu_in_mig_mode_shows_its_instances_with_their_memory(
    visit: Visit, laboratory: Laboratory
) -> None:
    with Listener(laboratory.monitor.mqtt_port) as bus:
        page = visit.page
        page.get_by_test_id("gpu-row-4").click()
        expect(page.get_by_test_id("gpu-instances")).to_have_count(0)
        laboratory.gpus.fail(NO_DATA, "nvmlDeviceGetUtilizationRates", gpu=4)
        expect(page.get_by_test_id("gpu-now")).to_contain_text(f"Util: {DASH}")
        expect(page.get_by_test_id("gpu-mig-note")).to_have_count(0)
        for index in (0, 2):
            memory = {"memory_used": (index + 1) * 2**30, "memory_total": 10 * 2**30}
            sample = Sample(f"system/gpu/4/mig/{index}", HOST, unix_milliseconds(), memory)
            bus.publish(sample.channel, sample.payload())
        expect(page.get_by_test_id("gpu-instances")).to_have_text(
            "MIG 01.0 / 10.0 GiBMIG 23.0 / 10.0 GiB"
        )
        expect(page.get_by_test_id("gpu-mig-note")).to_contain_text("In MIG mode")
        laboratory.gpus.recover("nvmlDeviceGetUtilizationRates", gpu=4)
        meter = page.get_by_role("meter", name="Memory of MIG 2 of GPU 4")
        expect(meter).to_have_attribute("aria-valuenow", "30")
        expect(page.get_by_test_id("gpu-instances")).to_have_count(0)  # silent for three intervals


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
