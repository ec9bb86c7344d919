"""The catalogue: every channel, its payload's fields, their types, units and meanings.

Everything else is derived from it: decoding, OpenAPI, the history's columns, the documentation.
A new metric is added here, in its sensor, and in a test.
"""

from telemetry.catalogue.channels import (
    FAMILIES,
    STATUS_CHANNEL,
    family_of,
    gpu_channel,
    gpu_of,
    mig_channel,
    place_of,
    processes_channel,
)
from telemetry.catalogue.gpu import GPU, GPU_MIG, GPU_PROCESSES, MAX_PROCESSES
from telemetry.catalogue.machine import CPU, DISK, MEMORY, NETWORK
from telemetry.catalogue.model import ROOT, Family, Field, Kind

__all__ = [
    "CPU",
    "DISK",
    "FAMILIES",
    "GPU",
    "GPU_MIG",
    "GPU_PROCESSES",
    "MAX_PROCESSES",
    "MEMORY",
    "NETWORK",
    "ROOT",
    "STATUS_CHANNEL",
    "Family",
    "Field",
    "Kind",
    "family_of",
    "gpu_channel",
    "gpu_of",
    "mig_channel",
    "place_of",
    "processes_channel",
]
