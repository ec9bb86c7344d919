"""The page of one host."""

from collections.abc import Mapping

import pytest

from api.live.newest import Newest, Update
from deploy.top.lines import Style, plain
from deploy.top.model import Model
from deploy.top.text import DASH
from telemetry.clock import unix_milliseconds
from telemetry.samples import Sample
from telemetry.status import CollectorState, SensorReport, SensorState
from tests.deploy.top.states import (
    GIB,
    finding,
    gpu_sample,
    machine,
    newest,
    process,
    processes_sample,
    status,
)

WIDTH, HEIGHT = 79, 23
POWER_LIMIT = ("power", "limit")


def page(found: Newest, width: int = WIDTH, **keys: int) -> str:
    """Return what a terminal of 80 by 24 shows; ``keys`` are actions and how often to do them."""
    model = Model(found.hosts)
    model.note()
    for action, count in keys.items():
        for _ in range(count):
            getattr(model, action)()
    return plain(model.lines(None, width, HEIGHT, unix_milliseconds()))


def line_of(text: str, start: str) -> str:
    return next(line for line in text.splitlines() if line.strip().startswith(start))


def test_a_host_with_eight_gpus_and_findings_fits_into_80_by_24() -> None:
    gpus = [gpu_sample(index) for index in range(8)]
    listed = [processes_sample(0, *(process(pid) for pid in range(4)))]
    shown = page(newest(status(), *gpus, *machine(), *listed, finding("gpu0", "warning", "Hot.")))
    lines = shown.splitlines()
    assert len(lines) <= HEIGHT
    assert max(map(len, lines)) <= WIDTH


def test_each_gpu_has_its_utilization_memory_temperature_power_and_slowdown() -> None:
    shown = page(newest(status(), gpu_sample(0), gpu_sample(12, utilization=None, power=None)))
    first, second = line_of(shown, "0 "), line_of(shown, "12 ")
    assert first.split() == [
        "0",
        "75%",
        "▇",
        "6.0/24.0",
        "GiB",
        "72°",
        "215/450",
        "W",
        *POWER_LIMIT,
    ]
    assert second.split() == [
        "12",
        DASH,
        "6.0/24.0",
        "GiB",
        "72°",
        f"{DASH}/450",
        "W",
        *POWER_LIMIT,
    ]


def test_a_wide_terminal_also_shows_the_names_of_gpus() -> None:
    found = newest(status(), gpu_sample(0))
    assert "RTX 4090" not in page(found)
    assert "NVIDIA GeForce RTX 4090" in page(found, width=140)


def test_mig_instances_follow_their_gpu() -> None:
    values = {"memory_used": GIB, "memory_total": 10 * GIB, "name": "MIG 1g.10gb"}
    instance = Sample("system/gpu/0/mig/3", "alpha", unix_milliseconds(), values)
    lines = page(newest(status(), gpu_sample(0), gpu_sample(1), instance)).splitlines()
    (index,) = [index for index, line in enumerate(lines) if line.startswith(" └3")]
    assert lines[index].split() == ["└3", "MIG", "instance", "1.0/10.0", "GiB"]
    assert lines[index - 1].startswith("0 ")


def test_an_idle_gpu_is_not_slowed_down_and_a_hot_one_is_marked() -> None:
    idle = gpu_sample(0, throttle_reasons=["gpu_idle"], temperature_margin=20.0)
    hot = gpu_sample(1, throttle_reasons=["sw_thermal_slowdown", "new_one"], temperature_margin=0.0)
    model = Model(newest(status(), idle, hot).hosts)
    lines = model.lines(None, WIDTH, HEIGHT, unix_milliseconds())
    spans = [span for line in lines for span in line]
    assert [span.text for span in spans if span.style is Style.CRITICAL] == [" 72°"]
    assert "too hot, ne…" in plain(lines)
    assert line_of(plain(lines), "0 ").endswith("450 W")


def test_a_host_without_gpus_shows_the_reason() -> None:
    absent = {"gpu": SensorReport(SensorState.ABSENT, "no NVIDIA driver is installed.")}
    shown = page(newest(status(sensors=absent), *machine()))
    assert "No GPU: no NVIDIA driver is installed." in shown
    shown = page(newest(status(sensors={}), *machine()))
    assert "No GPU: the GPU sensor is disabled." in shown


def test_the_machine_has_a_line_for_cpu_memory_disk_and_network() -> None:
    shown = page(newest(status(), *machine()))
    assert line_of(shown, "CPU").split()[1:4] == ["38%", "3.60", "GHz"]
    assert "load 1.20 0.90 0.70" in line_of(shown, "CPU")
    assert line_of(shown, "cores").split() == ["cores", "▃▄"]
    assert "80%  12.8/16.0 GiB" in line_of(shown, "RAM")
    assert "swap 0.0/2.0 GiB" in line_of(shown, "RAM")
    assert "read 120, write 48.2 MB/s" in line_of(shown, "disk")
    assert "up 1.80, down 24.6 MB/s" in line_of(shown, "net")


def test_256_cores_take_four_lines() -> None:
    shown = page(newest(status(), *machine(per_core=[50.0] * 256)))
    assert shown.count("▅") == 256
    assert max(map(len, shown.splitlines())) <= WIDTH


def test_the_process_of_several_gpus_is_one_row() -> None:
    found = newest(
        status(),
        processes_sample(0, process(41), process(42, memory_used=3 * GIB, user=None)),
        processes_sample(1, process(41), more=2),
    )
    shown = page(found)
    assert line_of(shown, "41").split() == [
        *("41", "ada", "0,1", "4", "GiB", "1", "h", "1", "min", "python3", "train.py")
    ]
    assert line_of(shown, "42").split()[1] == DASH
    assert "and 2 more with less memory" in shown


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, [2, 3, 1]),
        ({"reverse": 1}, [1, 3, 2]),
        ({"sort": 1}, [1, 2, 3]),
        ({"sort": 2}, [3, 2, 1]),
        ({"sort": 2, "reverse": 1}, [1, 2, 3]),
        ({"sort": 3}, [2, 1, 3]),
        ({"sort": 6}, [2, 3, 1]),
    ],
)
def test_processes_are_sorted_by_the_chosen_column(
    keys: Mapping[str, int], expected: list[int]
) -> None:
    found = newest(
        status(),
        processes_sample(
            0,
            process(1, memory_used=1, user="bob"),
            process(2, memory_used=3 * GIB, user="ada"),
            process(3, memory_used=2, user=None),
        ),
    )
    lines = page(found, **keys).splitlines()
    assert [int(line.split()[0]) for line in lines[-3:]] == expected


def test_findings_come_first_and_the_most_severe_first() -> None:
    found = newest(
        status(),
        gpu_sample(0),
        finding("gpu0", "warning", "GPU 0 is slow."),
        finding("gpu1", "critical", f"GPU 1 is lost{' and so on' * 10}."),
        *(finding(f"x{index}", "info", "Look.") for index in range(5)),
    )
    lines = page(found).splitlines()
    assert lines[1].startswith("! GPU 1 is lost and so on")
    assert lines[2].startswith("  ")
    assert lines[3] == "! GPU 0 is slow. (warning, for 1 min 30 s)"
    assert "  and 2 more" in lines


def test_a_stale_host_and_an_offline_one_are_marked() -> None:
    old = Sample("system/cpu", "alpha", unix_milliseconds() - 60_000, {"utilization": 1.0})
    assert "alpha  stale" in page(newest(old, retained=True))
    offline = status(state=CollectorState.OFFLINE)
    assert "alpha  offline" in page(newest(*machine(), offline))
    assert "alpha  live" in page(newest(status(), *machine()))


def test_a_host_whose_clock_is_wrong_is_live() -> None:
    behind = Sample("system/cpu", "alpha", unix_milliseconds() - 9_000_000, {"utilization": 1.0})
    assert "alpha  live" in page(newest(behind))


def test_sparklines_have_a_bar_for_each_sample() -> None:
    found = newest(status(), gpu_sample(0, utilization=0.0))
    model = Model(found.hosts)
    for value in (50.0, 100.0, 100.0):
        model.note()
        model.note()  # no newer sample
        sample = Sample(
            "system/gpu/0", "alpha", unix_milliseconds() + int(value), {"utilization": value}
        )
        found.accept(Update(sample))
    model.note()
    shown = plain(model.lines(None, WIDTH, HEIGHT, unix_milliseconds()))
    assert "▁▅█" in line_of(shown, "0 ")


HOSTILE = "[red]x[/red]\x1b[2J\n"


def test_names_from_the_bus_stay_text_on_one_line() -> None:
    found = newest(
        status(),
        gpu_sample(0, name=HOSTILE, throttle_reasons=[HOSTILE]),
        processes_sample(0, process(1, user=HOSTILE, command=HOSTILE)),
        finding("gpu0", "critical", HOSTILE),
    )
    shown = page(found, width=140)
    assert len(shown.splitlines()) == 6
    assert "\x1b" not in shown
    assert "[red]x[/red]\\u001b[2J" in shown


@pytest.mark.parametrize("width", [1, 20, 40])
def test_a_tiny_terminal_is_not_an_error(width: int) -> None:
    found = newest(status(), gpu_sample(0), *machine(), processes_sample(0, process(1)))
    assert page(found, width=width)
