from telemetry.backoff import Backoff


def test_delays_grow_to_half_a_minute_and_differ_by_chance() -> None:
    several = [
        [backoff.next_delay() for _ in range(12)]
        for backoff in (Backoff(0.5, 30.0), Backoff(0.5, 30.0))
    ]
    assert several[0] != several[1]
    for backoff in several:
        for number, delay in enumerate(backoff):
            longest = min(0.5 * 2**number, 30)
            assert longest / 2 <= delay <= longest


def test_a_delay_that_a_server_requests_is_respected_within_bounds() -> None:
    backoff = Backoff(0.5, 30.0)
    assert 10 <= backoff.next_delay(requested=10) <= 11
    assert 120 <= backoff.next_delay(requested=86_400) <= 121
    assert backoff.next_delay(requested=0.001) >= 0.5
