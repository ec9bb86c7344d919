from hypothesis import given
from hypothesis import strategies as st

from telemetry.history.buckets import bucket_width, mark_outages
from telemetry.history.port import Columns
from tests.telemetry.history.samples import question


def columns(*timestamps: int, width: int | None = None) -> Columns:
    return Columns(list(timestamps), {"x": [1.0] * len(timestamps)}, width)


def test_buckets_of_the_width_cover_the_span_with_at_most_max_points() -> None:
    assert bucket_width(question(0, 3_600_000, max_points=360)) == 10_000
    assert bucket_width(question(0, 3_600_001, max_points=360)) == 10_001
    assert bucket_width(question(5, 6, max_points=360)) == 1


@given(st.integers(0, 10**9), st.integers(1, 10**9), st.integers(1, 10_000))
def test_the_last_bucket_covers_the_end_of_the_span(
    start: int, length: int, max_points: int
) -> None:
    width = bucket_width(question(start, start + length, max_points=max_points))
    assert (length - 1) // width < max_points


def test_regular_samples_have_no_outage() -> None:
    regular = columns(0, 2000, 4000, 6000)
    assert mark_outages(regular) == regular


def test_one_late_or_missing_sample_is_not_an_outage() -> None:
    for times in ((0, 2000, 5500, 6000, 8000), (0, 2000, 6000, 8000)):
        assert mark_outages(columns(*times)) == columns(*times)


def test_an_outage_is_one_null_an_interval_after_the_last_sample() -> None:
    marked = mark_outages(columns(0, 2000, 4000, 60_000, 62_000))
    assert marked.timestamps == [0, 2000, 4000, 6000, 60_000, 62_000]
    assert marked.fields["x"] == [1.0, 1.0, 1.0, None, 1.0, 1.0]


def test_each_of_several_outages_is_marked() -> None:
    marked = mark_outages(columns(0, 1, 2, 10, 11, 12, 20, 21))
    assert marked.timestamps == [0, 1, 2, 3, 10, 11, 12, 13, 20, 21]


def test_the_first_empty_bucket_of_an_outage_is_marked() -> None:
    marked = mark_outages(columns(0, 10, 20, 60, 70, width=10), 25)
    assert marked.timestamps == [0, 10, 20, 30, 60, 70]
    assert marked.bucket_width == 10


def test_one_empty_bucket_among_full_ones_is_an_outage() -> None:
    assert mark_outages(columns(0, 10, 30, 40, width=10), 20).timestamps[2] == 20


def test_buckets_narrower_than_the_interval_are_often_empty_without_an_outage() -> None:
    sparse = columns(0, 20, 50, 70, 100, width=10)
    assert mark_outages(sparse, 5) == sparse


def test_a_single_sample_has_no_outage() -> None:
    assert mark_outages(columns(7)) == columns(7)
    assert mark_outages(columns()) == columns()


def test_marking_outages_does_not_change_the_given_columns() -> None:
    given_columns = columns(0, 1, 2, 10)
    mark_outages(given_columns)
    assert given_columns == columns(0, 1, 2, 10)


@given(st.sets(st.integers(0, 99), min_size=1), st.data())
def test_a_mark_takes_the_place_of_an_empty_bucket(filled: set[int], data: st.DataObject) -> None:
    samples = data.draw(st.integers(len(filled), 50 * len(filled)))
    buckets = columns(*sorted(number * 10 for number in filled), width=10)
    marked = mark_outages(buckets, samples)
    assert marked.timestamps == sorted(set(marked.timestamps))
    assert all(time % 10 == 0 and 0 <= time < 1000 for time in marked.timestamps)
    kept = [time for time, x in zip(marked.timestamps, marked.fields["x"], strict=True) if x]
    assert kept == buckets.timestamps
