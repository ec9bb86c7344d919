"""Shares, times and ticks."""

from datetime import UTC, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from api.reports import text, ticks
from tests.api.reports.examples import HOUR, START


def test_shares_are_short() -> None:
    assert (text.percent(87.25), text.percent(2.5), text.percent(100)) == ("87.2%", "2.5%", "100%")


def test_times_are_in_their_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert text.moment(START, berlin) == "1 Jan 2026, 01:00:00"
    assert text.zone_name(START, berlin) == "CET (UTC+01:00)"
    assert text.zone_name(START, UTC) == "UTC"


@pytest.mark.parametrize(
    ("highest", "found"),
    [
        *((100, [0, 25, 50, 75, 100]), (95, [0, 25, 50, 75, 100]), (80, [0, 20, 40, 60, 80])),
        *((0, [0, 1]), (0.003, [0, 0.001, 0.002, 0.003]), (256, [0, 100, 200, 300])),
    ],
)
def test_an_axis_has_round_numbers(highest: float, found: list[float]) -> None:
    assert ticks.amounts(highest) == pytest.approx(found)


@pytest.mark.parametrize(
    ("length", "labels"),
    [
        (20_000, ["1 Jan", "00:00:05", "00:00:10", "00:00:15"]),
        (HOUR, ["1 Jan", "00:10", "00:20", "00:30", "00:40", "00:50"]),
        (30 * HOUR, ["06:00", "12:00", "18:00", "2 Jan"]),
        (72 * HOUR, ["12:00", "2 Jan", "12:00", "3 Jan", "12:00"]),
    ],
)
def test_the_times_of_an_axis_are_round_and_midnight_is_a_day(
    length: int, labels: list[str]
) -> None:
    found = [label for _, label in ticks.times(START, START + length, UTC)]
    assert 3 <= len(found) <= 10
    assert set(labels) <= set(found)


def test_the_times_are_round_in_a_zone_with_half_an_hour() -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    found = ticks.times(START, START + 8 * HOUR, india)
    assert [label for _, label in found][:3] == ["06:00", "07:00", "08:00"]
    assert found[0][0] == START + HOUR // 2
