import sys
from pathlib import Path

import pytest

from collector.sensors.cpu import CoreTimes, CpuSensor, differences, parse_stat, utilization
from telemetry.catalogue import CPU
from tests.collector.sensors.reading import Clock, read_once

#                  user nice system idle iowait irq softirq steal guest guest_nice
STAT = b"""cpu  60046 7 10147 810014 1145 3 285 312 55 5
cpu0 25260 3 4306 411019 125 1 68 152 50 2
cpu1 34786 4 5841 398995 1020 2 217 160 5 3
intr 12 0 0
ctxt 99
"""


class Machine:
    """A ``/proc/stat`` whose core counters a test sets, in jiffies of 10 ms."""

    def __init__(self, root: Path, cores: int) -> None:
        self.root = root
        self.clock = Clock()
        self.jiffies = {core: [1000, 0, 100, 5000, 10, 0, 0, 0, 0, 0] for core in range(cores)}

    def count(self, core: int, *, user: int = 0, idle: int = 0, iowait: int = 0) -> None:
        for field, jiffies in ((0, user), (3, idle), (4, iowait)):
            self.jiffies[core][field] += jiffies

    def tick(self) -> None:
        self.clock.advance(2.0)
        self.write()

    def write(self) -> None:
        cores = (f"cpu{core} {' '.join(map(str, all_))}\n" for core, all_ in self.jiffies.items())
        (self.root / "stat").write_text("cpu  0 0 0 0 0 0 0 0 0 0\n" + "".join(cores) + "intr 1\n")

    def sensor(self) -> CpuSensor:
        """Return the sensor, opened."""
        self.write()
        sensor = CpuSensor(self.root, self.root, self.clock)
        sensor.open()
        return sensor


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path, cores=3)


def test_waiting_for_io_is_idle_stolen_time_is_busy_and_guests_count_once() -> None:
    assert parse_stat(STAT) == {
        0: CoreTimes(busy=25260 + 3 + 4306 + 1 + 68 + 152, idle=411019 + 125),
        1: CoreTimes(busy=34786 + 4 + 5841 + 2 + 217 + 160, idle=398995 + 1020),
    }


def test_each_core_and_the_mean_of_all(machine: Machine) -> None:
    sensor = machine.sensor()
    machine.count(0, user=200)
    machine.count(1, user=50, idle=100, iowait=50)
    machine.count(2, idle=200)
    machine.tick()
    values = read_once(sensor, CPU)
    assert values["per_core"] == [100.0, 25.0, 0.0]
    assert values["utilization"] == 41.7


def test_an_offline_core_keeps_its_place_and_its_neighbours_their_values(machine: Machine) -> None:
    sensor = machine.sensor()
    offline = machine.jiffies.pop(1)
    machine.count(0, idle=200)
    machine.count(2, user=200)
    machine.tick()
    values = read_once(sensor, CPU)
    assert values["per_core"] == [0.0, None, 100.0]
    assert values["utilization"] == 50.0
    machine.jiffies[1] = offline
    machine.tick()
    machine.count(1, user=100, idle=100)
    assert read_once(sensor, CPU)["per_core"][1] is None
    machine.tick()
    assert read_once(sensor, CPU)["per_core"][1] == 50.0


def test_the_last_core_keeps_its_place_when_it_goes_offline(machine: Machine) -> None:
    sensor = machine.sensor()
    del machine.jiffies[2]
    machine.tick()
    assert read_once(sensor, CPU)["per_core"] == [None, None, None]


@pytest.mark.parametrize("field", [0, 3], ids=["user", "idle"])
def test_a_core_whose_counters_were_reset_has_no_value(machine: Machine, field: int) -> None:
    sensor = machine.sensor()
    machine.jiffies[0][field] = 0
    machine.count(1, user=100, idle=100)
    machine.tick()
    values = read_once(sensor, CPU)
    assert values["per_core"] == [None, 50.0, None]
    assert values["utilization"] == 50.0


def test_iowait_that_goes_down_a_little_leaves_the_value_between_0_and_100() -> None:
    before, now = {0: CoreTimes(1000, 5000)}, {0: CoreTimes(1200, 4997)}
    assert utilization(differences(before, now).values()) == 100.0


def test_nothing_counted_is_unknown_and_not_zero(machine: Machine) -> None:
    sensor = machine.sensor()
    machine.tick()
    assert read_once(sensor, CPU)["utilization"] is None


def test_two_reads_at_nearly_the_same_time_give_no_utilization(machine: Machine) -> None:
    sensor = machine.sensor()
    machine.count(0, user=1)
    machine.write()
    values = read_once(sensor, CPU)
    assert values["utilization"] is None
    assert values["per_core"] == [None, None, None]
    machine.count(0, idle=3)
    machine.tick()
    assert read_once(sensor, CPU)["per_core"][0] == 25.0


def test_what_the_kernel_does_not_know_is_null(machine: Machine) -> None:
    values = read_once(machine.sensor(), CPU)
    assert values["frequency"] is None
    assert values["frequency_max"] is None
    assert values["pressure_some"] is None


def test_pressure_and_frequency_are_read(machine: Machine) -> None:
    (machine.root / "pressure").mkdir()
    (machine.root / "pressure" / "cpu").write_text("some avg10=4.19 avg60=0 avg300=0 total=1\n")
    (machine.root / "cpuinfo").write_text("processor\t: 0\ncpu MHz\t\t: 2000.000\n")
    values = read_once(machine.sensor(), CPU)
    assert values["pressure_some"] == 4.19
    assert values["frequency"] == 2000.0


def test_the_frequency_is_read_again_only_occasionally(machine: Machine) -> None:
    cpuinfo = machine.root / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\ncpu MHz\t\t: 2000.000\n")
    sensor = machine.sensor()
    cpuinfo.write_text("processor\t: 0\ncpu MHz\t\t: 3000.000\n")
    machine.clock.advance(9.0)
    assert read_once(sensor, CPU)["frequency"] == 2000.0
    machine.clock.advance(1.0)
    assert read_once(sensor, CPU)["frequency"] == 3000.0


def test_it_reports_how_many_cores_there_are(machine: Machine) -> None:
    assert machine.sensor().describe() == "3 cores"


def test_without_proc_psutils_times_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psutil")  # decides what it offers when it is imported
    clock = Clock()
    monkeypatch.setattr(sys, "platform", "darwin")
    sensor = CpuSensor(clock=clock)
    sensor.open()
    cores = len(read_once(sensor, CPU)["per_core"])
    assert cores >= 1
    assert sensor.describe().startswith(f"{cores} core")
