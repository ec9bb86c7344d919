"""Every history store keeps unusual names unchanged, whichever database it uses."""

import pytest

from telemetry.history.port import HistoryReader, HistoryWriter
from tests.telemetry.history.conftest import Store
from tests.telemetry.history.samples import cpu, disk, listed, question

NASTY_NAMES = [
    "two words",
    " spaces around ",
    "a,b=c",
    "\"quoted\" and 'quoted'",
    "back\\slash",
    "ends with a backslash\\",
    "backslash before\\, comma\\ space\\=equals",
    "line\nbreak, return\rand tab\t",
    "100%, %41 and %5C",
    "# not a comment",
    "Grüße, 機械 🦀",
    "line separator\u2028 and next line\x85",
    "'; DROP TABLE sample; --",
    '") |> drop(columns: ["_value"]) // ${1 + 1} "',
    "_field",
]


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_names_are_stored_unchanged(
    store: Store, writer: HistoryWriter, reader: HistoryReader, name: str
) -> None:
    now = store.clock()
    writer.write([disk(now, [name], host=name), disk(now, ["other"], host="other")])
    assert listed(reader) == {host: ["system/disk"] for host in sorted([name, "other"])}
    answer = reader.read(question(now, now + 1, "system/disk", host=name))
    fields = list(answer["system/disk"].fields)
    assert [each for each in fields if each.startswith("per_device")] == [
        f"per_device.{name}.read_rate",
        f"per_device.{name}.write_rate",
    ]
    assert answer["system/disk"].fields[f"per_device.{name}.write_rate"] == [2.0]


def test_similar_names_are_not_confused(
    store: Store, writer: HistoryWriter, reader: HistoryReader
) -> None:
    now = store.clock()
    names = ["a\\", "a\\ ", "a%5C", "a\\n", "a\n", "A\n", "a\\\\", "a\\,", "a,"]
    writer.write([cpu(now, float(number), host=name) for number, name in enumerate(names)])
    for number, name in enumerate(names):
        answer = reader.read(question(now, now + 1, host=name))
        assert answer["system/cpu"].fields["utilization"] == [number]
