from collector.sensors.gpu.throttling import ThrottleShares


def noted(*readings: tuple[float, list[str] | None]) -> ThrottleShares:
    throttling = ThrottleShares()
    for now, reasons in readings:
        throttling.note(now, reasons)
    return throttling


def test_a_reason_counts_for_the_time_since_the_reading_before() -> None:
    shares = noted((0, ["a"]), (1, ["a"]), (3, ["a", "b"]), (10, [])).shares()
    assert shares == {"a": 30.0, "b": 20.0}


def test_the_first_reading_has_no_shares() -> None:
    assert noted((0, ["a"])).shares() is None


def test_a_gpu_that_is_never_throttled_has_no_shares() -> None:
    assert noted((0, []), (2, [])).shares() == {}


def test_time_without_an_answer_is_neither_throttled_nor_not() -> None:
    assert noted((0, []), (2, ["a"]), (4, None), (6, [])).shares() == {"a": 50.0}


def test_what_lies_more_than_five_minutes_back_is_forgotten() -> None:
    throttling = noted((0, []), *((float(now), ["a"]) for now in range(2, 62, 2)))
    for now in range(62, 352, 2):
        throttling.note(now, ["b"])
    assert throttling.shares() == {"a": 3.3, "b": 96.7}
    for now in range(352, 372, 2):
        throttling.note(now, ["b"])
    assert throttling.shares() == {"b": 100.0}


def test_an_outage_counts_as_nothing() -> None:
    assert noted((0, []), (2, []), (202, ["a"]), (204, [])).shares() == {}
