import json
from dataclasses import replace

from api.live.newest import MAX_BYTES, Newest, Update
from telemetry.catalogue import GPU
from telemetry.clock import unix_milliseconds
from telemetry.limits import SILENT_SECONDS, Limits
from telemetry.payloads import MAX_TIMESTAMP
from telemetry.samples import Sample
from telemetry.status import CollectorState
from tests.api.running import cpu, gpu, status
from tests.fakes.monotonic import SettableClock

LIMITS = Limits(hosts=10, channels=8)


def test_the_newest_sample_is_the_last_to_arrive_even_if_its_clock_is_behind() -> None:
    newest = Newest()
    newest.accept(Update(cpu(age=0)))
    late = cpu(age=60_000)
    assert newest.accept(Update(late))
    assert newest.hosts["alpha"].updates["system/cpu"].content is late


def test_a_duplicate_is_not_accepted() -> None:
    newest = Newest()
    sample = cpu()
    assert newest.accept(Update(sample))
    assert not newest.accept(Update(replace(sample)))


def test_an_old_retained_sample_is_not_accepted() -> None:
    newest = Newest()
    sample = cpu()
    newest.accept(Update(sample))
    assert not newest.accept(Update(cpu(age=60_000), retained=True))
    assert newest.hosts["alpha"].updates["system/cpu"].content is sample
    assert newest.accept(Update(cpu(age=-2000), retained=True))


def test_a_retained_last_will_is_accepted_although_its_timestamp_is_old() -> None:
    newest = Newest()
    newest.accept(Update(status()))
    will = status(timestamp=unix_milliseconds() - 60_000, state=CollectorState.OFFLINE)
    assert newest.accept(Update(will, retained=True))
    assert newest.hosts["alpha"].status is will


def test_a_sample_that_follows_the_status_offline_shows_that_the_collector_runs() -> None:
    newest = Newest()
    newest.accept(Update(cpu(), arrived=1.0))
    newest.accept(Update(status(state=CollectorState.OFFLINE), arrived=2.0))
    state = newest.hosts["alpha"]
    states = [state.collector_state]
    newest.accept(Update(cpu(age=-1), retained=True, arrived=3.0))
    states.append(state.collector_state)
    newest.accept(Update(cpu(age=-2), arrived=4.0))
    states.append(state.collector_state)
    assert states == ["offline", "offline", "online"]


def test_the_time_of_a_host_is_that_of_its_last_live_sample_to_arrive() -> None:
    newest = Newest()
    newest.accept(Update(cpu(age=3000), retained=True))
    newest.accept(Update(gpu(0), retained=True))
    state = newest.hosts["alpha"]
    assert state.timestamp == state.updates["system/gpu/0"].content.timestamp
    newest.accept(Update(gpu(99, timestamp=MAX_TIMESTAMP)))
    assert state.timestamp == MAX_TIMESTAMP
    sample = cpu()
    newest.accept(Update(sample))
    assert state.timestamp == sample.timestamp


def test_a_status_is_kept_apart_from_samples() -> None:
    newest = Newest()
    newest.accept(Update(status()))
    newest.accept(Update(cpu(age=5)))
    state = newest.hosts["alpha"]
    assert state.status is not None
    assert state.timestamp == state.updates["system/cpu"].content.timestamp


def test_gpus_are_ordered_by_their_ids() -> None:
    newest = Newest()
    for index in (10, 0, 2):
        newest.accept(Update(gpu(index)))
    channels = [update.channel for update in newest.hosts["alpha"].samples(GPU)]
    assert channels == ["system/gpu/0", "system/gpu/2", "system/gpu/10"]


def test_hosts_beyond_the_limit_are_refused_and_counted() -> None:
    newest = Newest(LIMITS)
    for number in range(LIMITS.hosts + 2):
        newest.accept(Update(cpu(f"host-{number}")))
    assert len(newest.hosts) == LIMITS.hosts
    assert newest.refused == {"too many hosts": 2}
    assert newest.accept(Update(cpu("host-0", age=-1)))


def test_a_new_host_evicts_the_host_that_has_been_silent_the_longest() -> None:
    clock = SettableClock()
    newest = Newest(LIMITS, clock)
    for number in range(LIMITS.hosts):
        clock.now = float(number)
        newest.accept(Update(cpu(f"host-{number}")))
    newest.accept(Update(cpu("host-0", age=-1)))
    clock.now = SILENT_SECONDS
    assert not newest.accept(Update(cpu("early")))
    clock.now = SILENT_SECONDS + 1
    assert newest.accept(Update(cpu("late")))
    assert len(newest.hosts) == LIMITS.hosts
    assert "host-1" not in newest.hosts
    assert {"host-0", "late"} <= newest.hosts.keys()


def test_a_live_host_evicts_a_host_known_only_from_retained_messages_at_once() -> None:
    newest = Newest(LIMITS)
    for number in range(LIMITS.hosts + 1):
        newest.accept(Update(cpu(f"retired-{number}"), retained=True))
    assert newest.refused == {"too many hosts": 1}
    for number in range(LIMITS.hosts):
        assert newest.accept(Update(cpu(f"live-{number}")))
    assert not newest.accept(Update(cpu("one more")))
    assert all(name.startswith("live-") for name in newest.hosts)


def test_channels_beyond_the_limit_are_refused_and_counted() -> None:
    newest = Newest(LIMITS)
    for number in range(LIMITS.channels + 3):
        newest.accept(Update(gpu(number)))
    assert len(newest.hosts["alpha"].updates) == LIMITS.channels
    assert newest.refused == {"too many channels": 3}


def test_a_live_channel_evicts_a_channel_known_only_from_retained_messages() -> None:
    newest = Newest(LIMITS)
    newest.accept(Update(status()))
    for number in range(LIMITS.channels):
        newest.accept(Update(gpu(number), retained=True))
    assert newest.refused == {"too many channels": 1}
    assert newest.accept(Update(cpu()))
    assert newest.hosts["alpha"].status is not None
    assert "system/cpu" in newest.hosts["alpha"].updates
    assert len(newest.hosts["alpha"].updates) == LIMITS.channels


def test_messages_beyond_the_memory_limit_are_refused_and_counted() -> None:
    newest = Newest()
    assert newest.accept(Update(cpu("large"), size=MAX_BYTES - 10))
    assert newest.accept(Update(cpu("small"), size=10))
    assert not newest.accept(Update(cpu("third"), size=1))
    assert "third" not in newest.hosts
    assert newest.accept(Update(cpu("small", age=-1), size=10))
    assert not newest.accept(Update(cpu("small", age=-2), size=11))
    assert newest.accept(Update(cpu("large", age=-1), size=10))
    assert newest.accept(Update(cpu("third"), size=1))
    assert newest.refused == {"too much data": 2}


def test_retained_messages_do_not_take_the_memory_of_live_ones() -> None:
    newest = Newest()
    newest.accept(Update(cpu("alpha"), size=1))
    newest.accept(Update(gpu(9), retained=True, size=MAX_BYTES // 2))
    newest.accept(Update(cpu("retired"), retained=True, size=MAX_BYTES // 2 - 1))
    assert not newest.accept(Update(cpu("other"), retained=True, size=1))
    assert newest.accept(Update(cpu("beta"), size=MAX_BYTES // 2))
    assert newest.hosts.keys() == {"alpha", "beta"}
    assert newest.accept(Update(cpu("beta", age=-1), size=MAX_BYTES - 1))
    assert newest.hosts["alpha"].updates.keys() == {"system/cpu"}
    assert newest.refused == {"too much data": 1}


def test_more_hosts_may_take_more_memory() -> None:
    assert Newest(Limits(hosts=10_000)).max_bytes > MAX_BYTES


def test_a_frame_is_encoded_once() -> None:
    update = Update(Sample("system/cpu", "alpha", 5, {"utilization": 1.0}))
    assert update.frame is update.frame
    assert json.loads(update.frame) == {
        "channel": "system/cpu",
        "event": "metrics",
        "data": {"host": "alpha", "timestamp": 5, "utilization": 1.0},
    }
