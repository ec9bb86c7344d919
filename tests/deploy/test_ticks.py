from tests.deploy.ticks import lateness

TICKS = [1000, 1500, 2000, 2700, 3050, 3500]  # two of them late, as on a busy machine


def test_the_delay_of_each_late_sample_is_returned() -> None:
    assert lateness(TICKS, 500) == [0, 0, 0, 200, 50, 0]


def test_a_tick_without_a_sample_shows_as_an_interval() -> None:
    assert max(lateness(TICKS[:2] + TICKS[3:], 500)) >= 500


def test_a_tick_with_two_samples_shows_as_an_interval() -> None:
    assert max(lateness(TICKS[:3] + TICKS[2:], 500)) >= 500
