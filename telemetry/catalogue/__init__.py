"""The catalogue: the channels, and the type, unit and meaning of each field of their payloads.

The payload models, the OpenAPI document, the history's columns and the tables in the documentation
are generated from the catalogue. To add a metric, add it to the catalogue, to the sensor that reads
it, and to a test. The payload of STATUS_CHANNEL is defined in telemetry/status.py instead.
"""

from telemetry.catalogue.channels import (
    CHANNEL_FILTERS,
    EVENTS,
    FAMILIES,
    SAMPLES,
    STATES,
    STATUS_CHANNEL,
    STORED_FILTERS,
    example_channel,
    family_of,
    gpu_channel,
    mig_channel,
    place_of,
    processes_channel,
)
from telemetry.catalogue.events import ANNOTATION
from telemetry.catalogue.gpu import GPU, GPU_MIG, GPU_PROCESSES, MAX_PROCESSES
from telemetry.catalogue.machine import CPU, DISK, MEMORY, NETWORK
from telemetry.catalogue.model import ROOT, Family, Field, Kind, Nature, Retention
from telemetry.catalogue.states import FINDING, RUN

__all__ = [
    "ANNOTATION",
    "CHANNEL_FILTERS",
    "CPU",
    "DISK",
    "EVENTS",
    "FAMILIES",
    "FINDING",
    "GPU",
    "GPU_MIG",
    "GPU_PROCESSES",
    "MAX_PROCESSES",
    "MEMORY",
    "NETWORK",
    "ROOT",
    "RUN",
    "SAMPLES",
    "STATES",
    "STATUS_CHANNEL",
    "STORED_FILTERS",
    "Family",
    "Field",
    "Kind",
    "Nature",
    "Retention",
    "example_channel",
    "family_of",
    "gpu_channel",
    "mig_channel",
    "place_of",
    "processes_channel",
]
