"""The rule, on the layouts to which it must apply; ``links`` are (ifindex, iflink)."""

from pathlib import Path

import pytest

from collector.sensors.interfaces import Interface, counted_interfaces, read_interfaces

LOOPBACK = Interface(1, 1)


def nic(index: int, master: str | None = None) -> Interface:
    return Interface(index, index, hardware=True, master=master)


def test_a_bonded_host_with_a_vlan_and_docker_counts_its_nics() -> None:
    interfaces = {
        "lo": LOOPBACK,
        "eth0": nic(2, master="bond0"),
        "eth1": nic(3, master="bond0"),
        "bond0": Interface(4, 4, stacked=True),
        "bond0.100": Interface(5, 4, stacked=True),
        "docker0": Interface(6, 6, stacked=True),
        "veth1a2b3c4": Interface(8, 7, master="docker0"),
        "veth5d6e7f8": Interface(10, 9, master="docker0"),
        "ifb0": Interface(11, 11),
        "tun0": Interface(12, 12),
    }
    assert counted_interfaces(interfaces) == ["eth0", "eth1"]


def test_a_container_counts_its_lone_veth() -> None:
    assert counted_interfaces({"lo": LOOPBACK, "eth0": Interface(2, 47)}) == ["eth0"]


def test_a_container_whose_veth_has_the_same_number_at_both_ends_counts_it() -> None:
    assert counted_interfaces({"lo": LOOPBACK, "eth0": Interface(2, 2)}) == ["eth0"]


def test_a_container_on_two_networks_counts_both() -> None:
    interfaces = {"lo": LOOPBACK, "eth0": Interface(2, 47), "net1": Interface(3, 5)}
    assert counted_interfaces(interfaces) == ["eth0", "net1"]


def test_containers_inside_a_container_count_nothing_more() -> None:
    interfaces = {
        "lo": LOOPBACK,
        "eth0": Interface(2, 47),
        "sit0": Interface(3, 0),
        "docker0": Interface(4, 4, stacked=True),
        "veth1a2b3c4": Interface(6, 2, master="docker0"),
        "tailscale0": Interface(7, 7),
    }
    assert counted_interfaces(interfaces) == ["eth0"]


def test_a_veth_pair_with_both_ends_here_counts_nothing_beside_the_way_out() -> None:
    interfaces = {
        "lo": LOOPBACK,
        "eth0": Interface(2, 47),
        "veth0": Interface(3, 4),
        "veth1": Interface(4, 3),
    }
    assert counted_interfaces(interfaces) == ["eth0"]


def test_a_rootless_container_counts_its_tap() -> None:
    assert counted_interfaces({"lo": LOOPBACK, "tap0": Interface(2, 2)}) == ["tap0"]


def test_a_virtual_function_below_a_synthetic_nic_counts_with_it() -> None:
    interfaces = {"lo": LOOPBACK, "eth0": nic(2), "enP1s1": nic(3, master="eth0")}
    assert counted_interfaces(interfaces) == ["eth0"]


def test_a_representor_does_not_count_beside_its_nic() -> None:
    mirror = Interface(4, 4, hardware=True, representor=True)
    interfaces = {"lo": LOOPBACK, "p0": nic(2), "pf0vf0": mirror}
    assert counted_interfaces(interfaces) == ["p0"]


def test_a_machine_with_only_loopback_counts_nothing() -> None:
    assert counted_interfaces({"lo": LOOPBACK}) == []


def make(root: Path, name: str, place: str, **files: str) -> Path:
    """Add an interface below ``root``. Like the kernel, link it from ``class/net``."""
    folder = root / "devices" / place / "net" / name
    folder.mkdir(parents=True)
    for file, content in files.items():
        (folder / file).write_text(f"{content}\n")
    (root / "class" / "net").mkdir(parents=True, exist_ok=True)
    (root / "class" / "net" / name).symlink_to(folder)
    return folder


def test_what_sys_shows_is_read(tmp_path: Path) -> None:
    bond = make(tmp_path, "bond0", "virtual", ifindex="4", iflink="4")
    (bond / "bonding").mkdir()
    eth0 = make(tmp_path, "eth0", "pci0000:00", ifindex="2", iflink="2")
    (eth0 / "device").mkdir()
    (eth0 / "master").symlink_to(bond)
    vlan = make(tmp_path, "bond0.100", "virtual", ifindex="5", iflink="4")
    (vlan / "lower_bond0").symlink_to(bond)
    port = make(tmp_path, "ens1_0", "pci0000:01", ifindex="6", iflink="6", phys_port_name="pf0vf0")
    (port / "device").mkdir()
    assert read_interfaces(["bond0", "eth0", "bond0.100", "ens1_0"], tmp_path) == {
        "bond0": Interface(4, 4, stacked=True),
        "eth0": Interface(2, 2, hardware=True, master="bond0"),
        "bond0.100": Interface(5, 4, stacked=True),
        "ens1_0": Interface(6, 6, hardware=True, representor=True),
    }


@pytest.mark.parametrize("port", ["p0", "", "0"])
def test_a_port_of_a_nic_is_not_a_representor(tmp_path: Path, port: str) -> None:
    make(tmp_path, "eth0", "pci0000:00", phys_port_name=port)
    assert not read_interfaces(["eth0"], tmp_path)["eth0"].representor


def test_an_interface_that_sys_does_not_show_counts_where_nothing_better_does(
    tmp_path: Path,
) -> None:
    assert counted_interfaces(read_interfaces(["lo", "eth0"], tmp_path)) == ["eth0"]
