"""Limits on data from the bus, where any client can publish made-up names."""

from dataclasses import dataclass

SILENT_SECONDS = 120.0  # a running collector publishes at least once a minute
# Events, such as annotations, of all clients together: 1,000 at once, then one event every 5 s. So
# at most 122,000 events are stored in a week. They take 25 MB if each has 200 bytes, and 1 GB if
# each is as large as allowed.
EVENT_BURST = 1000
EVENTS_PER_MINUTE = 12.0
# New states, such as runs: at once, 20 states for each of 1,000 hosts, then two states a second. So
# at most 1.2 million states are stored in a week. They take 600 MB if each has 500 bytes.
STATE_BURST = 20_000
STATES_PER_MINUTE = 120.0


@dataclass(frozen=True)  # without slots, so that the defaults can be read from the class
class Limits:
    """The largest numbers of known hosts, channels per host and devices per channel.

    The defaults suffice for 1,000 hosts with up to 64 GPUs each. Each GPU can have one
    channel for itself, one for its processes, 7 for MIG instances, one for a run and one for a
    finding.
    """

    hosts: int = 1000
    channels: int = 64 * (1 + 1 + 7 + 1 + 1) + 8
    devices: int = 1024  # disks, network interfaces
