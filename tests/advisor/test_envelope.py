from advisor.envelope import KEPT, WIDTHS, Envelope


def test_a_bucket_keeps_the_lowest_value_its_time_and_the_highest() -> None:
    envelope = Envelope()
    closed = [envelope.add(time, value) for time, value in ((0, 5), (10, 2), (20, 9), (31, 4))]
    assert closed == [0, 0, 0, 1]
    assert [list(column) for column in envelope.closed(0)] == [[10], [2], [9]]


def test_wide_buckets_are_made_of_narrow_ones() -> None:
    envelope = Envelope()
    for time in range(0, 1000, 5):
        envelope.add(time, 1000 - time)
    times, lows, highs = envelope.closed(1)
    assert list(times)[:2] == [115, 235]
    assert (lows[0], highs[0]) == (885, 1000)


def test_its_memory_does_not_grow_with_the_time() -> None:
    envelope = Envelope()
    for time in range(0, 40 * 24 * 3600, 60):
        envelope.add(time, 1.0)
    assert envelope.levels == len(WIDTHS)
    assert all(len(envelope.closed(level).times) == KEPT for level in range(envelope.levels))


def test_a_gap_leaves_buckets_out() -> None:
    envelope = Envelope()
    for time in (0, 30, 600, 630):
        envelope.add(time, time)
    assert list(envelope.closed(0).times) == [0, 30, 600]


def test_the_highest_value_of_a_span_is_found_at_every_width() -> None:
    envelope = Envelope()
    for time in range(0, 7200, 30):
        envelope.add(time, 100.0 if time == 600 else 1.0)
    assert envelope.highest(0, 3600) == 100  # by now only in wide buckets
    assert envelope.highest(3600, 7200) == 1
    assert envelope.highest(8000, 9000) == 0
