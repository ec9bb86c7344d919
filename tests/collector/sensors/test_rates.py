import math

import pytest

from collector.sensors.rates import SHORTEST_SECONDS, RateMeter, as_values, total


def primed(**counters: tuple[int, int]) -> RateMeter:
    meter = RateMeter()
    meter.rates(counters, now=100.0)
    return meter


def test_a_rate_is_the_difference_over_the_measured_time() -> None:
    assert primed(sda=(1000, 0)).rates({"sda": (6000, 800)}, now=102.5) == {"sda": (2000.0, 320.0)}


def test_the_first_read_has_no_rates() -> None:
    assert RateMeter().rates({"sda": (10**12, 0)}, now=5.0) == {"sda": None}


@pytest.mark.parametrize("counters", [(999, 5000), (5000, 999), (0, 0)])
def test_a_counter_that_goes_backwards_gives_no_rate(counters: tuple[int, int]) -> None:
    meter = primed(sda=(1000, 1000), sdb=(0, 0))
    assert meter.rates({"sda": counters, "sdb": (10, 20)}, now=101.0) == {
        "sda": None,
        "sdb": (10.0, 20.0),
    }


def test_after_a_counter_went_backwards_the_next_rate_is_right_again() -> None:
    meter = primed(sda=(10**9, 10**9))
    meter.rates({"sda": (100, 100)}, now=101.0)
    assert meter.rates({"sda": (300, 100)}, now=102.0) == {"sda": (200.0, 0.0)}


def test_a_jump_that_no_device_can_make_gives_no_rate() -> None:
    assert primed(eth0=(0, 0)).rates({"eth0": (2**64 - 5, 0)}, now=102.0) == {"eth0": None}


def test_a_device_that_appears_has_a_rate_from_its_second_reading() -> None:
    meter = primed(sda=(0, 0))
    assert meter.rates({"sda": (5, 5), "sdb": (10**9, 0)}, now=101.0)["sdb"] is None
    assert meter.rates({"sda": (5, 5), "sdb": (10**9 + 7, 0)}, now=102.0)["sdb"] == (7.0, 0.0)


def test_a_device_that_left_and_came_back_starts_again() -> None:
    meter = primed(sda=(0, 0))
    assert meter.rates({}, now=101.0) == {}
    assert meter.rates({"sda": (10**9, 0)}, now=102.0) == {"sda": None}


@pytest.mark.parametrize("pause", [0.0, 1e-9, SHORTEST_SECONDS / 2])
def test_two_reads_at_nearly_the_same_time_give_no_rate(pause: float) -> None:
    assert primed(sda=(0, 0)).rates({"sda": (4096, 0)}, now=100.0 + pause) == {"sda": None}


def test_a_read_that_came_too_soon_loses_no_bytes() -> None:
    meter = primed(sda=(0, 0))
    meter.rates({"sda": (4096, 0)}, now=100.001)
    assert meter.rates({"sda": (8192, 0)}, now=102.0) == {"sda": (4096.0, 0.0)}


def test_a_read_that_took_long_gives_no_rate_and_loses_no_bytes() -> None:
    meter = primed(sda=(0, 0))
    assert meter.rates({"sda": (4096, 0)}, now=102.0, took=0.6) == {"sda": None}
    assert meter.rates({"sda": (8192, 0)}, now=104.0, took=0.6) == {"sda": (2048.0, 0.0)}


def test_an_unknown_rate_does_not_enter_the_total() -> None:
    assert total([(1.0, 2.0), None, (10.0, 20.0)]) == (11.0, 22.0)


def test_the_total_of_nothing_known_is_unknown() -> None:
    assert total([None, None]) is None
    assert total([]) is None


def test_values_are_in_millions_of_bytes_to_the_kilobyte() -> None:
    assert as_values((1_234_567.8, 499.0), ("up", "down")) == {"up": 1.235, "down": 0.0}
    assert as_values(None, ("up", "down")) == {"up": None, "down": None}


def test_every_known_rate_is_finite() -> None:
    rate = primed(sda=(0, 0)).rates({"sda": (10**10, 1)}, now=100.0 + SHORTEST_SECONDS * 1.01)
    assert rate["sda"] is not None
    assert all(math.isfinite(value) for value in rate["sda"])
