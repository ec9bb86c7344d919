import psutil
import pytest

from collector.sensors import portable


def test_each_cores_times_are_busy_and_idle() -> None:
    times = portable.core_times()
    assert len(times) == psutil.cpu_count()
    assert all(busy >= 0 and idle >= 0 for busy, idle in times)


def test_memory_has_the_names_of_meminfo() -> None:
    memory = portable.memory()
    assert memory.keys() == {"MemTotal", "MemAvailable", "SwapTotal", "SwapFree"}
    assert 0 < memory["MemAvailable"] < memory["MemTotal"]


def test_loopback_is_left_out() -> None:
    names = psutil.net_io_counters(pernic=True).keys()
    assert portable.network_counters().keys() == {
        name for name in names if not name.startswith(("lo", "Loopback"))
    }


def test_on_macos_only_ethernet_and_wifi_count(monkeypatch: pytest.MonkeyPatch) -> None:
    counters = dict.fromkeys(
        ["lo0", "en0", "en5", "awdl0", "utun3", "bridge0", "ap1"],
        psutil.net_io_counters(),
    )
    monkeypatch.setattr(psutil, "net_io_counters", lambda **_: counters)
    monkeypatch.setattr(psutil, "MACOS", True)
    assert portable.network_counters().keys() == {"en0", "en5"}


def test_a_frequency_that_psutil_does_not_know_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "cpu_freq", lambda: None, raising=False)
    assert portable.frequency() == (None, None)


def test_a_machine_without_disks_is_not_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "disk_io_counters", lambda **_: None)
    assert portable.disk_counters() == {}
