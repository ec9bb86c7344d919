import sys
from pathlib import Path

import pytest

from collector.sensors.network import NetworkSensor, parse_net_dev
from telemetry.catalogue import NETWORK
from telemetry.errors import SensorAbsentError
from tests.collector.sensors.reading import Clock, read_once

HEADER = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo \
colls carrier compressed
"""
RECORDED = f"""{HEADER}\
    lo: 58825330   55188    0    0    0     0          0         0 58825330   55188    0 0 0 0 0 0
eth0.5:1705876908   36224    0    0    0     0          0         0  2796105   25976    0 0 0 0 0 0
"""


class Machine:
    """The parts of ``/proc`` and ``/sys`` that a network sensor reads, below ``root``."""

    def __init__(self, root: Path) -> None:
        self.proc, self.sysfs = root / "proc", root / "sys"
        self.clock = Clock()
        self.moved = {"lo": (0, 0)}  # bytes sent and received
        (self.proc / "net").mkdir(parents=True)

    def add(self, name: str, *, hardware: bool, master: str | None = None, link: int = 0) -> None:
        folder = self.sysfs / "class" / "net" / name
        folder.mkdir(parents=True)
        (folder / "ifindex").write_text(f"{len(self.moved) + 1}\n")
        (folder / "iflink").write_text(f"{link or len(self.moved) + 1}\n")
        if hardware:
            (folder / "device").mkdir()
        if master:
            (folder / "master").symlink_to(f"../{master}")
        self.moved[name] = (0, 0)

    def move(self, **moved: tuple[int, int]) -> None:
        """Add (sent, received) bytes to interfaces' counters, and let 2 s pass."""
        for name, (sent, received) in moved.items():
            before = self.moved[name]
            self.moved[name] = (before[0] + sent, before[1] + received)
        self.clock.advance(2.0)
        self.write()

    def write(self) -> None:
        lines = [
            f"{name:>6}: {received} 9 0 0 0 0 0 0 {sent} 9 0 0 0 0 0 0\n"
            for name, (sent, received) in self.moved.items()
        ]
        text = HEADER + "".join(lines)
        (self.proc / "net" / "dev").write_text(text, errors="surrogateescape")

    def sensor(self) -> NetworkSensor:
        """Return the sensor, opened."""
        self.write()
        sensor = NetworkSensor(self.proc, self.sysfs, self.clock)
        sensor.open()
        return sensor

    def put_in_container(self) -> None:
        """Show a container's ``/proc/net/dev``, and the host's ``/sys`` and first process."""
        (self.proc / "1" / "net").mkdir(parents=True)
        (self.proc / "net" / "dev").rename(self.proc / "1" / "net" / "dev")
        (self.proc / "net" / "dev").write_text(f"{HEADER}  eth0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_sent_and_received_bytes_are_read() -> None:
    assert parse_net_dev(RECORDED.encode()) == {
        "lo": (58825330, 58825330),
        "eth0.5": (2796105, 1705876908),
    }


def test_a_bonded_host_with_containers_counts_each_byte_once(machine: Machine) -> None:
    machine.add("eth0", hardware=True, master="bond0")
    machine.add("eth1", hardware=True, master="bond0")
    for name in ("bond0", "bond0.100", "docker0"):
        machine.add(name, hardware=False)
    machine.add("veth1", hardware=False, master="docker0", link=2)
    sensor = machine.sensor()
    way = (1_000_000, 3_000_000)
    both = (2_000_000, 6_000_000)
    layers = {"bond0": both, "bond0.100": both, "docker0": both, "veth1": both, "lo": both}
    machine.move(eth0=way, eth1=way, **layers)
    nic = {"upload_rate": 0.5, "download_rate": 1.5}
    assert read_once(sensor, NETWORK) == {
        "upload_rate": 1.0,
        "download_rate": 3.0,
        "per_interface": {"eth0": nic, "eth1": nic},
    }
    assert sensor.describe() == "2 interfaces: eth0, eth1"


def test_a_container_counts_its_lone_veth(machine: Machine) -> None:
    machine.add("eth0", hardware=False, link=47)
    sensor = machine.sensor()
    machine.move(eth0=(4_000_000, 2_000_000), lo=(9, 9))
    assert read_once(sensor, NETWORK)["upload_rate"] == 2.0
    assert sensor.describe() == "1 interface: eth0"


def test_a_name_that_is_not_utf_8_is_published_escaped_and_reported_once(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    name = b"eth\xff\xfe".decode(errors="surrogateescape")
    machine.add(name, hardware=True)
    machine.add("eth0", hardware=True)
    sensor = machine.sensor()
    for _ in range(2):
        machine.move(**{name: (2_000_000, 0), "eth0": (2_000_000, 0)})
        values = read_once(sensor, NETWORK)
    assert values["upload_rate"] == 2.0
    assert values["per_interface"].keys() == {"eth\\xff\\xfe", "eth0"}
    assert sensor.describe() == "2 interfaces: eth0, eth\\xff\\xfe"
    sentence = "A name from the kernel is not valid UTF-8; it is published as eth\\xff\\xfe."
    assert caplog.messages == [sentence]


def test_only_loopback_is_nothing_to_read(machine: Machine) -> None:
    with pytest.raises(SensorAbsentError, match="no network interface"):
        machine.sensor()


def test_a_sandbox_without_counters_reports_it(tmp_path: Path) -> None:
    with pytest.raises(SensorAbsentError, match="/proc/net/dev"):
        NetworkSensor(tmp_path, tmp_path).open()


def test_an_interface_that_is_reset_is_not_in_the_total(machine: Machine) -> None:
    machine.add("eth0", hardware=True)
    machine.add("eth1", hardware=True)
    machine.moved["eth0"] = (10**9, 10**9)
    sensor = machine.sensor()
    machine.moved["eth0"] = (0, 0)
    machine.move(eth1=(0, 2_000_000))
    values = read_once(sensor, NETWORK)
    assert values["download_rate"] == 1.0
    assert values["per_interface"]["eth0"] == {"upload_rate": None, "download_rate": None}


def test_an_interface_that_leaves_and_returns_gives_no_jump(machine: Machine) -> None:
    machine.add("eth0", hardware=True)
    machine.add("eth1", hardware=True)
    sensor = machine.sensor()
    gone = machine.moved.pop("eth1")
    machine.move()
    assert read_once(sensor, NETWORK)["per_interface"].keys() == {"eth0"}
    machine.moved["eth1"] = gone
    machine.move(eth1=(10**9, 10**9))
    assert read_once(sensor, NETWORK)["upload_rate"] == 0.0
    machine.move(eth1=(2_000_000, 0))
    assert read_once(sensor, NETWORK)["upload_rate"] == 1.0


def test_sys_is_read_again_only_when_the_interfaces_change(machine: Machine) -> None:
    machine.add("eth0", hardware=True)
    sensor = machine.sensor()
    (machine.sysfs / "class" / "net" / "eth0" / "device").rmdir()  # not read again, so not missed
    machine.move()
    assert read_once(sensor, NETWORK)["per_interface"].keys() == {"eth0"}
    machine.add("eth1", hardware=True)
    machine.move()
    assert read_once(sensor, NETWORK)["per_interface"].keys() == {"eth1"}


def test_without_proc_psutils_interfaces_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    portable = pytest.importorskip("collector.sensors.portable")
    if not portable.network_counters():
        pytest.skip("there is only loopback here")
    monkeypatch.setattr(sys, "platform", "win32")
    clock = Clock()
    sensor = NetworkSensor(clock=clock)
    sensor.open()
    clock.advance(2.0)
    values = read_once(sensor, NETWORK)
    assert values["download_rate"] is not None
    assert "lo" not in values["per_interface"]


def test_in_a_container_with_the_hosts_sys_and_process_ids_the_hosts_network_is_read(
    machine: Machine,
) -> None:
    machine.add("enp3s0", hardware=True)
    machine.write()
    machine.put_in_container()
    sensor = NetworkSensor(machine.proc, machine.sysfs, machine.clock)
    sensor.open()
    assert sensor.describe() == "1 interface: enp3s0"
