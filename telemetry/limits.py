"""Limits on what arrives from the bus: any client can invent names there."""

MAX_HOSTS = 1000
# Per host: 64 GPUs, each with its processes and at most 7 MIG instances, and the other families.
MAX_CHANNELS = 64 * (1 + 1 + 7) + 8
MAX_DEVICES = 1024  # per channel: disks, network interfaces
SILENT_SECONDS = 300.0  # a running collector publishes at least once a minute
# Events, such as annotations: 1,000 at once, then one every 5 s, from all clients. In a week at
# most 122,000 are stored: 25 MB if they have 200 bytes, 1 GB if each is as large as allowed.
EVENT_BURST = 1000
EVENTS_PER_MINUTE = 12.0
