"""All families of channels, and functions that find a channel or its family."""

import re
from collections.abc import Mapping
from functools import lru_cache

from telemetry.catalogue.events import ANNOTATION
from telemetry.catalogue.gpu import GPU, GPU_MIG, GPU_PROCESSES
from telemetry.catalogue.machine import CPU, DISK, MEMORY, NETWORK
from telemetry.catalogue.model import PLACEHOLDER, ROOT, Family, Retention
from telemetry.catalogue.states import FINDING, RUN

STATUS_CHANNEL = f"{ROOT}/status"
_NAME = "[A-Za-z0-9_.-]{1,64}"
_PLACES = {  # the valid values of each placeholder, as a regular expression
    "id": "[0-9]{1,4}",
    "n": "[0-9]{1,2}",
    "kind": "[a-z_]{1,32}",
    "subject": _NAME,
    "run": _NAME,
}
_EXAMPLES = {"id": "0", "n": "0", "kind": "memory_growth", "subject": "gpu0", "run": "ablation-7"}

SAMPLES = (GPU, GPU_PROCESSES, GPU_MIG, CPU, MEMORY, DISK, NETWORK)
EVENTS = (ANNOTATION,)
STATES = (FINDING, RUN)
FAMILIES = (*SAMPLES, *EVENTS, *STATES)

# The MQTT filters of our own channels. We do not subscribe to everything below ROOT: a client that
# floods another topic there would then delay our messages, or make the broker discard them.
CHANNEL_FILTERS = (*(family.channel_filter for family in FAMILIES), STATUS_CHANNEL)
STORED_FILTERS = tuple(
    family.channel_filter for family in FAMILIES if family.retention is not Retention.NONE
)


_REMEMBERED = 4096  # channels; there is a limit because any client can invent channels


def _pattern(family: Family) -> re.Pattern[str]:
    return re.compile(
        PLACEHOLDER.sub(
            lambda place: f"(?P<{place['name']}>{_PLACES[place['name']]})", family.channel
        )
    )


_SINGLE = {family.channel: family for family in FAMILIES if not family.several}
_SEVERAL = tuple((family, _pattern(family)) for family in FAMILIES if family.several)


def gpu_channel(gpu: int) -> str:
    """Return the channel of the GPU with the ID ``gpu``."""
    return GPU.channel.format(id=gpu)


def processes_channel(gpu: int) -> str:
    """Return the channel of the processes on the GPU with the ID ``gpu``."""
    return GPU_PROCESSES.channel.format(id=gpu)


def mig_channel(gpu: int, instance: int) -> str:
    """Return the channel of MIG instance ``instance`` on GPU ``gpu``."""
    return GPU_MIG.channel.format(id=gpu, n=instance)


def example_channel(family: Family) -> str:
    """Return an example channel of ``family``."""
    return family.channel.format(**_EXAMPLES)


def family_of(channel: str) -> Family | None:
    """Return the family of ``channel``, or None if there is no such family."""
    family, _ = _found(channel)
    return family


def place_of(channel: str) -> Mapping[str, str]:
    """Return the value of each placeholder in ``channel``.

    For ``system/gpu/0``, this is ``{"id": "0"}``.
    """
    _, place = _found(channel)
    return place


@lru_cache(_REMEMBERED)
def _found(channel: str) -> tuple[Family | None, Mapping[str, str]]:
    if channel in _SINGLE:
        return _SINGLE[channel], {}
    for family, pattern in _SEVERAL:
        if match := pattern.fullmatch(channel):
            return family, match.groupdict()
    return None, {}
