"""The text format of the metrics."""

from telemetry.exposition.text import labels_of


def test_a_label_has_no_control_sequences_for_a_terminal() -> None:
    text = labels_of({"run": "x\x1b[2J\u202ey\r"})
    assert text == r'run="x\\u001b[2J\\u202ey\\u000d"'


def test_line_feeds_quotes_and_backslashes_of_a_label_are_escaped_as_the_format_requires() -> None:
    assert labels_of({"run": 'a\n"b"\\'}) == r'run="a\n\"b\"\\"'
