from api.live.arrivals import Arrival, Arrivals

LAG = 16.0


def at(second: float) -> Arrival:
    return Arrival("system/cpu", 1, second)


def after(*seconds: float) -> Arrivals:
    arrivals = Arrivals()
    for second in seconds:
        arrivals.note(at(second), LAG)
    return arrivals


def test_a_host_is_live_until_nothing_has_arrived_for_the_lag() -> None:
    assert not Arrivals().is_live(0, LAG)
    assert after(0).is_live(LAG - 1, LAG)
    assert not after(0).is_live(LAG, LAG)


def test_a_sample_is_overdue_once_it_arrived_the_lag_ago() -> None:
    arrivals = after(*range(0, 15, 2))
    assert arrivals.overdue(15.9, LAG) is None
    assert arrivals.overdue(16.0, LAG) == at(0)
    assert after(*range(0, 61, 2)).overdue(60.0, LAG) == at(44)


def test_after_a_silence_nothing_is_overdue_at_first() -> None:
    assert after(0, 2, 100).overdue(100.5, LAG) is None
    assert after(0, 2, 100, 110, 116).overdue(116.5, LAG) == at(100)
    assert after(0, 2).overdue(50, LAG) is None
