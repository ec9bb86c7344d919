"""The choice of fields in a query, the same in each store."""

from dataclasses import replace

import pytest

from telemetry.history.port import Aggregate, HistoryReader, HistoryWriter
from tests.telemetry.history.conftest import Store
from tests.telemetry.history.samples import cpu, disk, question


@pytest.mark.parametrize("aggregate", Aggregate)
@pytest.mark.parametrize("max_points", [1, 360])
def test_only_the_columns_of_the_chosen_fields_are_read(
    store: Store,
    writer: HistoryWriter,
    reader: HistoryReader,
    max_points: int,
    aggregate: Aggregate,
) -> None:
    now = store.clock()
    cores = [float(core) for core in range(20)]
    writer.write([cpu(now, 50.0, per_core=cores, frequency=3000.0), disk(now, ["a", "b"])])
    asked = replace(
        question(now, now + 1, "system/cpu", "system/disk", max_points=max_points),
        fields=("per_core", "frequency_max", "per_device"),
        aggregate=aggregate,
    )
    answer = reader.read(asked)
    assert answer["system/cpu"].timestamps == answer["system/disk"].timestamps == [now]
    of_cores = {f"per_core.{core}": [value] for core, value in enumerate(cores)}
    assert answer["system/cpu"].fields == {"frequency_max": [None], **of_cores}
    devices = {f"per_device.{name}.{rate}" for name in "ab" for rate in ("read_rate", "write_rate")}
    assert answer["system/disk"].fields.keys() == devices


def test_without_a_value_in_the_chosen_fields_only_nulls_are_read(
    store: Store, writer: HistoryWriter, reader: HistoryReader
) -> None:
    now = store.clock()
    writer.write([cpu(now - 1, 50.0), cpu(now, 50.0)])
    asked = replace(question(now - 1, now + 1), fields=("frequency",))
    columns = reader.read(asked).get("system/cpu")
    assert columns is None or columns.fields == {"frequency": [None] * len(columns.timestamps)}
