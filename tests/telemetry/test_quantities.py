"""Durations, sizes and energies as people read them."""

import pytest

from telemetry import quantities


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        *(
            (-5, "0.0 s"),
            (0, "0.0 s"),
            (1.25, "1.2 s"),
            (59.4, "59 s"),
            (59.9, "1 min"),
            (61, "1 min 1 s"),
        ),
        *((3600, "1 h"), (7980, "2 h 13 min"), (7999, "2 h 13 min"), (273_600, "3 d 4 h")),
    ],
)
def test_a_duration_has_two_units(seconds: float, shown: str) -> None:
    assert quantities.duration(seconds) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0 bytes"), (1023, "1,023 bytes"), (24 * 1024**3, "24 GiB"), (3.3e15, "3,001 TiB")],
)
def test_a_size_is_in_the_units_of_the_dashboard(number: float, shown: str) -> None:
    assert quantities.size(number) == shown


def test_a_percent_sign_follows_its_number_directly() -> None:
    assert [quantities.with_unit("8", each) for each in ("%", "W")] == ["8%", "8 W"]


def test_energy_is_short() -> None:
    assert (quantities.energy(9_720_000), quantities.energy(122_400)) == ("2.7 kWh", "34 Wh")
