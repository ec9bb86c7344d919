from telemetry.pauses import Pauses


def test_pauses_grow_to_half_a_minute_and_differ_by_chance() -> None:
    several = [
        [pauses.next() for _ in range(12)] for pauses in (Pauses(0.5, 30.0), Pauses(0.5, 30.0))
    ]
    assert several[0] != several[1]
    for pauses in several:
        for number, pause in enumerate(pauses):
            longest = min(0.5 * 2**number, 30)
            assert longest / 2 <= pause <= longest


def test_a_store_gets_the_pause_that_it_asks_for_within_bounds() -> None:
    pauses = Pauses(0.5, 30.0)
    assert 10 <= pauses.next(asked=10) <= 11
    assert 120 <= pauses.next(asked=86_400) <= 121
    assert pauses.next(asked=0.001) >= 0.5
