"""Chooses the network interfaces to count, so that each byte is counted once.

A byte may pass through several interfaces, such as a veth, a bridge, a bond and a NIC. Only the
interfaces where bytes enter and leave the machine or container are counted. There are three kinds
of such interfaces; only the first kind that the machine or container has is counted.

1. NICs: interfaces with hardware behind them (``/sys/class/net/<name>/device``). These are the NICs
   of a host and the virtual NICs of a virtual machine. Other interfaces of the machine (bonds,
   bridges, VLANs, veths, tun, ifb, dummy and docker interfaces) carry the same bytes, or bytes that
   never leave the machine, so they are not counted. Two groups of NICs are not counted either:

   - a NIC whose master is another NIC: on Azure and with virtio failover, the virtual function is a
     member of the synthetic NIC, whose counters include the bytes of the virtual function;
   - a port representor (``phys_port_name`` such as ``pf0vf3``), which mirrors a virtual function.

2. A veth, macvlan or ipvlan whose peer or parent interface (``iflink``) is in another network
   namespace, such as the ``eth0`` of a container. Members of a bridge are excluded, so the veths of
   containers that run inside this container are not counted.

3. Any other interface that is neither a bridge nor a bond, and is neither stacked on nor a member
   of another interface. Examples are the ``tap0`` of a rootless container, and an
   interface that ``/sys`` does not show.

Loopback is never counted.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_LOOPBACK = "lo"  # the kernel's name for the loopback interface in each network namespace
_REPRESENTOR = re.compile(r"(c\d+)?pf\d+(vf|sf)\d+")
_NO_LINK = 0  # the iflink of a tunnel that is not bound to an interface


@dataclass(frozen=True, slots=True)
class Interface:
    """The properties that decide whether an interface is counted.

    ``index`` (``ifindex``) is the interface's own number. ``link`` (``iflink``) is the number of
    its peer or parent interface, which may be in another namespace. If there is no such interface,
    ``link`` is ``index`` or 0. ``hardware`` is true if the interface belongs to a device, such as a
    PCI card. ``stacked`` is true if the interface is a bridge or a bond, or is built on another
    interface in this namespace. ``representor`` is true if the interface is a port
    representor. ``master`` is the name of the bond, bridge or NIC that the interface is a member
    of.
    """

    index: int = 0
    link: int = 0
    hardware: bool = False
    stacked: bool = False
    representor: bool = False
    master: str | None = None


def counted_interfaces(interfaces: Mapping[str, Interface]) -> list[str]:
    """Return the names of the interfaces to count, by the rules in the module's docstring."""
    others = {name: each for name, each in interfaces.items() if name != _LOOPBACK}
    hardware = [name for name, each in others.items() if _is_nic(each, others)]
    if hardware:
        return hardware
    leaves = {
        name: each for name, each in others.items() if each.master is None and not each.stacked
    }
    links = {(each.link, each.index) for each in others.values()}
    outward = [
        name
        for name, each in leaves.items()
        if each.link not in (_NO_LINK, each.index) and (each.index, each.link) not in links
    ]
    return outward or list(leaves)


def _is_nic(interface: Interface, interfaces: Mapping[str, Interface]) -> bool:
    master = interfaces.get(interface.master or "")
    return (
        interface.hardware
        and not interface.representor
        and not (master is not None and master.hardware)
    )


def read_interfaces(names: Iterable[str], sysfs: Path) -> dict[str, Interface]:
    """Return the interfaces with these ``names``, as ``/sys/class/net`` describes them."""
    return {name: _read_interface(sysfs / "class" / "net" / name) for name in names}


def _read_interface(folder: Path) -> Interface:
    master = folder / "master"
    stacked = any(folder.glob("lower_*")) or any(
        (folder / kind).exists() for kind in ("bridge", "bonding")
    )
    return Interface(
        index=int(_content(folder / "ifindex") or 0),
        link=int(_content(folder / "iflink") or 0),
        hardware=(folder / "device").exists(),
        stacked=stacked,
        representor=_REPRESENTOR.fullmatch(_content(folder / "phys_port_name")) is not None,
        master=master.readlink().name if master.is_symlink() else None,
    )


def _content(file: Path) -> str:
    """Return the contents of ``file``, or an empty string if it cannot be read.

    For example, most drivers do not support ``phys_port_name``, so reading this file fails.
    """
    try:
        return file.read_text().strip()
    except OSError:
        return ""
