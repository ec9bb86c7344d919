"""Which format a request gets."""

import pytest
from starlette.datastructures import Headers

from api.rest.formats import Format, chosen_format

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/csv", Format.CSV),
        ("Text/CSV; charset=utf-8", Format.CSV),
        ("text/csv, application/json;q=0.5", Format.CSV),
        ("text/csv, */*;q=0.1", Format.CSV),
        ("text/*", Format.CSV),
        ("", Format.JSON),
        ("*/*", Format.JSON),
        (BROWSER, Format.JSON),
        ("application/json", Format.JSON),
        ("application/json, text/csv", Format.JSON),
        ("application/json, text/csv;q=0.9", Format.JSON),
        ("text/csv;q=0", Format.JSON),
        ("text/csv;q=much", Format.JSON),
        (";;,,=", Format.JSON),
    ],
)
def test_csv_is_returned_if_accept_prefers_it(accept: str, expected: Format) -> None:
    assert chosen_format(None, Headers({"accept": accept})) is expected


def test_the_parameter_overrides_the_header() -> None:
    assert chosen_format(Format.JSON, Headers({"accept": "text/csv"})) is Format.JSON
    assert chosen_format(Format.CSV, Headers({"accept": "application/json"})) is Format.CSV
