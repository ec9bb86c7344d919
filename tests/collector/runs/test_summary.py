"""What a run's summary contains, from made-up samples."""

from typing import Any

import pytest

from collector.runs.summary import RunSummary
from collector.runs.tree import TreeUsage

START = 1_000_000
OURS, OTHER = 10, 99
GB = 10**9


def row(pid: int = OURS, memory: int | None = GB, **more: object) -> dict[str, Any]:
    return {"pid": pid, "memory_used": memory, "started": START, **more}


class Night:
    """A run, and the readings of its GPUs every 2 s."""

    def __init__(self, seed: dict[str, Any] | None = None) -> None:
        self.summary = RunSummary(START, seed)
        self.now = START

    def reading(self, *rows: dict[str, Any], gpu: int = 0, **values: Any) -> None:
        self.now += 2000
        self.at_once(*rows, gpu=gpu, **values)

    def at_once(self, *rows: dict[str, Any], gpu: int = 0, **values: Any) -> None:
        sample = {"utilization": 50.0, "memory_used": 5 * GB, "throttle_reasons": [], **values}
        self.summary.gpu.note_sample(gpu, self.now, sample)
        listed = {"processes": list(rows), "note": None}
        self.summary.gpu.note_processes(gpu, self.now, listed, lambda each: each["pid"] == OURS)

    def values(self) -> dict[str, Any]:
        return self.summary.values(self.now)


def test_a_gpu_counts_for_the_time_in_which_the_run_was_on_it() -> None:
    night = Night()
    night.reading(utilization=0.0)
    for _ in range(3):
        night.reading(row(), utilization=80.0)
    night.reading(utilization=0.0)
    values = night.values()
    assert values["gpu_hours"] == round(6 / 3600, 6)
    assert values["gpu_utilization_mean"] == 80.0
    assert values["duration"] == 10.0
    assert night.summary.gpu.gpus == {0}
    assert values["whole_machine"] == []


def test_time_on_several_gpus_adds_up() -> None:
    night = Night()
    for _ in range(3):
        night.reading(row(), gpu=0)
        night.at_once(row(), gpu=1)
    assert night.values()["gpu_hours"] == round(8 / 3600, 6)
    assert night.values()["gpu_memory_peak"] == 2 * GB
    assert night.summary.gpu.gpus == {0, 1}


def test_energy_is_that_of_the_time_held() -> None:
    night = Night()
    night.reading(energy=1000.0)
    night.reading(energy=1600.0)
    night.reading(row(), energy=2100.0)
    night.reading(row(), energy=2700.0)
    night.reading(energy=9000.0)
    assert night.values()["energy_joules"] == 1100.0


def test_the_part_of_an_interval_before_the_start_does_not_count() -> None:
    night = Night()
    night.now = START - 1000
    night.at_once(energy=0.0)
    night.now = START + 1000
    night.at_once(row(), energy=500.0)
    assert night.values()["energy_joules"] == 250.0


def test_an_energy_counter_that_starts_again_takes_nothing_away() -> None:
    night = Night()
    for energy in (1000.0, 1100.0, 5.0, 25.0):
        night.reading(row(), energy=energy)
    assert night.values()["energy_joules"] == 120.0


def test_time_in_which_the_gpu_was_slowed_or_left_idle() -> None:
    night = Night()
    night.reading(row())
    night.reading(row(), throttle_reasons=["sw_power_cap"])
    night.reading(row(), throttle_reasons=["gpu_idle"], utilization=0.0)
    night.reading(row(), throttle_reasons=["applications_clocks_setting"])
    night.reading(row(), throttle_reasons=["hw_thermal_slowdown", "hw_slowdown"])
    values = night.values()
    assert (values["throttled_share"], values["idle_held_share"]) == (50.0, 25.0)


def test_what_a_gpu_reports_is_of_the_machine_if_another_process_is_on_it() -> None:
    night = Night()
    night.reading(row(), energy=0.0)
    night.reading(row(), energy=10.0)
    assert night.values()["whole_machine"] == []
    night.reading(row(), row(OTHER), energy=20.0)
    values = night.values()
    assert values["whole_machine"] == [
        "energy_joules",
        "gpu_utilization_mean",
        "idle_held_share",
        "throttled_share",
    ]
    assert values["gpu_memory_peak"] == GB, "the memory is known by process"


def test_memory_that_is_not_known_by_process_is_that_of_the_gpu() -> None:
    night = Night()
    night.reading(row(memory=None))
    values = night.values()
    assert (values["gpu_memory_peak"], values["whole_machine"]) == (5 * GB, ["gpu_memory_peak"])


def test_if_processes_cannot_be_told_apart_the_numbers_are_of_the_machine() -> None:
    night = Night()
    for _ in range(2):
        night.reading(row(4000, started=None), energy=3.0)
    values = night.values()
    assert values["gpu_hours"] is None
    assert values["idle_held_share"] is None
    assert values["gpu_utilization_mean"] == 50.0
    assert "gpu_utilization_mean" in values["whole_machine"]
    assert night.summary.gpu.gpus == set()


def test_without_samples_nothing_is_known_of_gpus() -> None:
    values = Night().values()
    assert values["gpu_hours"] is None
    assert values["gpu_utilization_mean"] is None
    assert values["whole_machine"] == []


def test_a_run_that_was_never_on_a_gpu_has_zero_gpu_hours() -> None:
    night = Night()
    night.reading(row(OTHER))
    assert night.values()["gpu_hours"] == 0.0
    assert night.values()["gpu_utilization_mean"] is None


def test_a_gap_in_the_samples_does_not_count() -> None:
    night = Night()
    night.reading(row(), energy=0.0)
    night.now += 600_000
    night.reading(row(), energy=9.0)
    night.reading(row(), energy=10.0)
    values = night.values()
    assert (values["gpu_hours"], values["energy_joules"]) == (round(2 / 3600, 6), 1.0)


def test_a_list_without_its_sample_counts_as_held_only() -> None:
    night = Night()
    night.reading(row())
    night.now += 2000
    night.summary.gpu.note_processes(0, night.now, {"processes": [row()]}, lambda _: True)
    values = night.values()
    assert values["gpu_hours"] == round(2 / 3600, 6)
    assert values["gpu_utilization_mean"] is None


def test_what_the_processes_used_is_in_the_summary() -> None:
    night = Night()
    night.summary.note_usage(TreeUsage(1.5, 30, 7, None))
    values = night.values()
    assert {name: values[name] for name in ("cpu_seconds", "ram_peak", "read_bytes")} == {
        "cpu_seconds": 1.5,
        "ram_peak": 30,
        "read_bytes": 7,
    }
    assert values["written_bytes"] is None


def test_a_summary_goes_on_where_an_earlier_one_ended() -> None:
    whole, first = Night(), Night()
    for night in (whole, first):
        for energy in (0.0, 50.0):
            night.reading(row(), row(OTHER), energy=energy, utilization=20.0)
        night.summary.note_usage(TreeUsage(5.0, 80, 10, 10))
    second = Night(first.values())
    second.now = first.now
    for night in (whole, second):
        for energy in (50.0, 90.0):
            night.reading(row(), energy=energy, utilization=60.0)
    whole.summary.note_usage(TreeUsage(6.0, 80, 12, 12))
    for usage in (TreeUsage(3.0, 60, 1, 1), TreeUsage(4.0, 60, 3, 3)):  # without the ended ones
        second.summary.note_usage(usage)
    # The time of the restart does not count.
    expected = whole.values() | {"gpu_hours": round(4 / 3600, 6), "gpu_utilization_mean": 40.0}
    found = second.values()
    assert found.pop("whole_machine") == expected.pop("whole_machine")
    assert found == pytest.approx(expected, rel=0.01)
