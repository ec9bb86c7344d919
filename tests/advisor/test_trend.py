import random

import pytest

from advisor.trend import floor, largest_step, last_change, mann_kendall, theil_sen


def test_the_slope_of_a_line_is_exact_whatever_the_confidence() -> None:
    slope = theil_sen([0, 1, 2, 5], [10, 12, 14, 20], z=1.96)
    assert slope == (2, 2, 2)


def test_an_outlier_does_not_move_the_slope() -> None:
    values = [float(each) for each in range(20)]
    values[7] = 1e6
    assert theil_sen(range(20), values, z=1.96).likely == pytest.approx(1, rel=0.2)


def test_the_interval_of_the_slope_contains_the_truth_about_as_often_as_it_claims() -> None:
    held = 0
    for seed in range(200):
        rng = random.Random(seed)  # noqa: S311 - noise, not a secret
        values = [3 * time + rng.gauss(0, 20) for time in range(30)]
        slope = theil_sen(range(30), values, z=1.96)
        held += slope.low <= 3 <= slope.high
    assert 0.9 <= held / 200 <= 0.99


def test_one_point_has_no_slope() -> None:
    with pytest.raises(ValueError, match="two points"):
        theil_sen([1], [1], z=1.96)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 3, 4, 5], 2.205),  # S = 10, variance 5 * 4 * 15 / 18
        ([5, 4, 3, 2, 1], -2.205),
        ([7, 7, 7, 7], 0.0),
        ([1, 1, 2, 2], 1.162),  # S = 4, variance (156 - 2 * 18) / 18
    ],
)
def test_mann_kendall_is_that_of_the_textbook(values: list[float], expected: float) -> None:
    assert mann_kendall(values) == pytest.approx(expected, abs=0.02)


def test_the_floor_is_the_memory_that_was_never_released() -> None:
    assert floor([1, 5, 2, 6, 3, 7]) == [1, 2, 2, 3, 3, 7]
    assert floor([1, 2, 3, 0]) == [0, 0, 0, 0]
    assert floor([]) == []


def test_the_largest_step_counts_rises_only() -> None:
    assert largest_step([1, 2, 5, 0]) == 3
    assert largest_step([3, 2, 1]) == 0
    assert largest_step([3]) == 0


def test_a_change_point_is_a_level_that_shifts_and_stays() -> None:
    assert last_change([1, 1, 1, 9, 9, 9], size=5) == 3
    assert last_change([9, 9, 9, 1, 1, 1], size=5) == 3
    assert last_change([1, 1, 9, 1, 1, 1], size=5) == 0  # a spike
    assert last_change([1, 2, 3, 4, 5, 6], size=5) == 0  # a ramp
