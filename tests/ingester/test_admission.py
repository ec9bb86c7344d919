import pytest

from ingester.admission import Admission
from telemetry.errors import MalformedMessageError
from telemetry.limits import SILENT_SECONDS, Limits
from telemetry.samples import Sample
from tests.fakes.monotonic import SettableClock
from tests.states import finding

LIMITS = Limits(hosts=10, channels=8, devices=6)


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
    clock = SettableClock()
    admission = Admission(LIMITS, clock)
    for number in range(LIMITS.hosts):
        admission.check(cpu(f"host-{number}"))
    assert refusal(admission, cpu("one more")) == "too many hosts"
    clock.now = SILENT_SECONDS - 1
    admission.check(cpu("host-0"))
    assert refusal(admission, cpu("one more")) == "too many hosts"
    clock.now = SILENT_SECONDS
    admission.check(cpu("one more"))
    admission.check(cpu("host-0"))


def test_a_live_host_evicts_a_host_known_only_from_retained_messages_at_once() -> None:
    admission = Admission(LIMITS)
    for number in range(LIMITS.hosts + 1):
        retired = cpu(f"retired-{number}")
        if number < LIMITS.hosts:
            admission.check(retired, retained=True)
        else:
            with pytest.raises(MalformedMessageError, match="too many hosts"):
                admission.check(retired, retained=True)
    for number in range(LIMITS.hosts):
        admission.check(cpu(f"live-{number}"))
    assert refusal(admission, cpu("one more")) == "too many hosts"


def test_a_retained_message_does_not_evict_a_silent_host() -> None:
    clock = SettableClock()
    admission = Admission(LIMITS, clock)
    for number in range(LIMITS.hosts):
        admission.check(cpu(f"host-{number}"))
    clock.now = 2 * SILENT_SECONDS
    with pytest.raises(MalformedMessageError, match="too many hosts"):
        admission.check(cpu("retired"), retained=True)


def test_a_flood_of_channels_of_one_host_is_rejected() -> None:
    clock = SettableClock()
    admission = Admission(LIMITS, clock)
    for number in range(LIMITS.channels):
        admission.check(Sample(f"system/gpu/{number}", "me", 1, {}))
    assert refusal(admission, Sample("system/gpu/9999", "me", 1, {})) == "too many channels"
    admission.check(Sample("system/gpu/0", "me", 2, {}))
    admission.check(cpu("other"))
    clock.now = SILENT_SECONDS
    admission.check(Sample("system/gpu/9999", "me", 3, {}))


def test_a_flood_of_devices_is_rejected_and_takes_no_place() -> None:
    clock = SettableClock()
    admission = Admission(LIMITS, clock)
    admission.check(disk("sda"))
    flood = [f"made-up-{number}" for number in range(LIMITS.devices)]
    assert refusal(admission, disk("sda", *flood)) == "too many devices"
    admission.check(disk("sda", "sdb"))
    admission.check(disk(*flood[:4]))
    assert refusal(admission, disk("sdc")) == "too many devices"
    clock.now = SILENT_SECONDS  # names that are gone, such as those of containers' interfaces
    admission.check(disk("sdb", "sdc"))


def test_new_states_have_a_rate_limit_and_newer_messages_about_a_known_one_do_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ingester.admission.STATE_BURST", 3)
    clock = SettableClock()
    admission = Admission(LIMITS, clock)
    for number in range(3):
        for retained in (True, False, False):
            admission.check_event(finding(str(number)), retained=retained)
    with pytest.raises(MalformedMessageError) as caught:
        admission.check_event(finding("one more"), retained=False)
    assert caught.value.reason == "too many states"
    clock.now = 1.0
    admission.check_event(finding("one more"), retained=False)
