"""Numbers and texts on the terminal."""

import pytest

from deploy.top.text import (
    DASH,
    cell_width,
    degrees,
    fit,
    of_limit,
    percent,
    rate,
    share,
    size,
    size_of,
    sparkline,
)

GIB = 1024**3


@pytest.mark.parametrize("missing", [None, "72", float("nan"), True, [1]])
def test_what_is_not_a_number_is_a_dash_and_never_0(missing: object) -> None:
    texts = [percent(missing), degrees(missing), rate(missing), size(missing)]
    assert texts == [DASH] * 4
    assert size_of(missing, missing) == DASH
    assert share(missing, 10) is None


def test_numbers_have_the_units_of_the_dashboard() -> None:
    assert percent(86.6) == "87%"
    assert degrees(-3.2) == "-3°"
    assert [rate(each) for each in (0, 1.234, 24.56, 120.5, 48_210.4)] == [
        *("0.00", "1.23", "24.6", "120", "48,210")
    ]
    assert size_of(6.2 * GIB, 8 * GIB) == "6.2/8.0 GiB"
    assert size_of(None, 8 * GIB) == f"{DASH}/8.0 GiB"
    assert size_of(0, 2 * 1024 * GIB) == "0.0/2.0 TiB"
    assert [size(each) for each in (0, 1023, 2048, 1.5 * GIB)] == [
        "0 bytes",
        "1,023 bytes",
        "2 KiB",
        "1.5 GiB",
    ]
    assert of_limit(215.4, 450, "W") == "215/450 W"
    assert of_limit(215.4, None, "W") == "215 W"
    assert of_limit(None, 450, "W") == f"{DASH}/450 W"
    assert share(1, 4) == 25.0
    assert share(1, 0) is None


def test_a_sparkline_has_the_newest_values_on_the_right() -> None:
    assert sparkline([0, 12.4, 50, None, 99.9, 100], 6) == "▁▁▅ ██"
    assert sparkline([1.0] * 9 + [100.0], 3) == "▁▁█"
    assert sparkline([100.0], 4) == "   █"
    assert sparkline([], 3) == "   "
    assert sparkline([1.0], 0) == ""
    assert sparkline([1.0], -2) == ""


def test_a_sparkline_without_a_top_ends_at_its_largest_value() -> None:
    assert sparkline([0.0, 2.0, 4.0], 3, None) == "▁▅█"
    assert sparkline([0.0, 0.0], 2, None) == "▁▁"


def test_a_text_is_cut_or_filled_to_its_width() -> None:
    assert fit("abc", 5) == "abc  "
    assert fit("abc", 5, right=True) == "  abc"
    assert fit("abcdef", 4) == "abc…"
    assert fit("abc", 0) == ""


def test_wide_characters_take_two_columns() -> None:
    assert cell_width("学習") == 4
    assert fit("学習機", 5) == "学習…"
    assert fit("学習機", 4) == "学… "
    assert cell_width("é") == 1


@pytest.mark.parametrize("text", ["\x1b[2Jx", "a\nb", "a\r\n", "\x9b31m", "\u202egnp"])
def test_control_characters_are_escaped(text: str) -> None:
    shown = fit(text, 30)
    assert cell_width(shown) == 30
    assert shown.isprintable()
    assert "\\u" in shown
