"""Limits on the data from the bus, where any client can invent names."""

from dataclasses import dataclass

SILENT_SECONDS = 120.0  # a running collector publishes at least once a minute
# Events, such as annotations: 1,000 at once, then one every 5 s, from all clients. In a week at
# most 122,000 are stored: 25 MB if they have 200 bytes, 1 GB if each is as large as allowed.
EVENT_BURST = 1000
EVENTS_PER_MINUTE = 12.0
# New states, such as runs: those of 1,000 hosts at once, then two a second. In a week at most
# 1.2 million are stored: 600 MB if they have 500 bytes.
STATE_BURST = 20_000
STATES_PER_MINUTE = 120.0


@dataclass(frozen=True)  # without slots, so that the defaults can be read from the class
class Limits:
    """The largest numbers of known hosts, of channels per host, and of devices per channel.

    The defaults suit 1,000 hosts with up to 64 GPUs, each with its processes, 7 MIG instances, a
    run and a finding.
    """

    hosts: int = 1000
    channels: int = 64 * (1 + 1 + 7 + 1 + 1) + 8
    devices: int = 1024  # disks, network interfaces
