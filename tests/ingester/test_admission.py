import pytest

from ingester.admission import Admission
from telemetry.errors import MalformedMessageError
from telemetry.limits import MAX_CHANNELS, MAX_DEVICES, MAX_HOSTS, SILENT_SECONDS
from telemetry.samples import Sample


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def cpu(host: str) -> Sample:
    return Sample("system/cpu", host, 1, {"utilization": 1.0, "per_core": []})


def disk(*devices: str) -> Sample:
    rates = {"read_rate": 1.0, "write_rate": 1.0}
    return Sample("system/disk", "me", 1, {**rates, "per_device": dict.fromkeys(devices, rates)})


def refusal(admission: Admission, sample: Sample) -> str:
    with pytest.raises(MalformedMessageError) as caught:
        admission.check(sample)
    return caught.value.reason


def test_a_flood_of_hosts_is_rejected_and_known_hosts_keep_their_place_until_silent() -> None:
    clock = Clock()
    admission = Admission(clock)
    for number in range(MAX_HOSTS):
        admission.check(cpu(f"host-{number}"))
    assert refusal(admission, cpu("one more")) == "too many hosts"
    clock.now = SILENT_SECONDS - 1
    admission.check(cpu("host-0"))
    assert refusal(admission, cpu("one more")) == "too many hosts"
    clock.now = SILENT_SECONDS
    admission.check(cpu("one more"))
    admission.check(cpu("host-0"))


def test_a_flood_of_channels_of_one_host_is_rejected() -> None:
    admission = Admission()
    for number in range(MAX_CHANNELS):
        admission.check(Sample(f"system/gpu/{number}", "me", 1, {}))
    assert refusal(admission, Sample("system/gpu/9999", "me", 1, {})) == "too many channels"
    admission.check(Sample("system/gpu/0", "me", 2, {}))
    admission.check(cpu("other"))


def test_a_flood_of_devices_is_rejected_and_known_devices_keep_their_place() -> None:
    clock = Clock()
    admission = Admission(clock)
    admission.check(disk("sda"))
    flood = [f"made-up-{number}" for number in range(MAX_DEVICES)]
    assert refusal(admission, disk(*flood)) == "too many devices"
    admission.check(disk("sda"))
    assert refusal(admission, disk("sdb")) == "too many devices"
    clock.now = SILENT_SECONDS  # names that are gone, such as those of containers' interfaces
    admission.check(disk("sda"))
    admission.check(disk("sdb"))
