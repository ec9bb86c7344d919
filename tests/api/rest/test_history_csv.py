"""The history as CSV, read with pandas."""

import gzip
import io
from collections.abc import Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path

import pandas as pd
import pytest

from telemetry.bus.connection import BusConnection
from telemetry.clock import unix_milliseconds
from telemetry.history.influxdb import InfluxdbReader, InfluxdbWriter
from telemetry.history.window import Spans
from telemetry.samples import Sample
from tests.api.running import CPU, GPU, RunningApi, cpu, running_api
from tests.services.influxdb import Influxdb

HISTORY = "/api/v1/system/history"
COLUMNS = ["system/cpu.utilization", "system/gpu/0.temperature", "system/memory.ram_used"]


Tick = tuple[Sample, Sample, Sample]


def ticks(count: int) -> list[Tick]:
    """Return ``count`` ticks of three sensors, whose times differ by some milliseconds."""
    newest = unix_milliseconds() - 1000
    found = []
    for index in range(count):
        time = newest - 2000 * (count - 1 - index)
        cpu_values = {**CPU, "utilization": index / 4}
        gpu_values = {**GPU, "temperature": 40.0 + index}
        found.append(
            (
                Sample("system/cpu", "alpha", time + index % 7, cpu_values),
                Sample("system/gpu/0", "alpha", time + index % 3, gpu_values),
                Sample("system/memory", "alpha", time + index % 5, {"ram_used": 1000 + index}),
            )
        )
    return found


def readings(tick: Tick) -> list[object]:
    return [
        sample.values[column.rpartition(".")[2]]  # noqa: PD011 - a sample's, not a frame's
        for sample, column in zip(tick, COLUMNS, strict=True)
    ]


def frame(api: RunningApi, query: str = "") -> pd.DataFrame:
    return pd.read_csv(
        f"http://127.0.0.1:{api.server.port}{HISTORY}?format=csv{query}",
        index_col="time",
        parse_dates=True,
    )


def require_aligned(api: RunningApi, expected: Sequence[Tick]) -> None:
    """Check that each tick is one row, and that every column has numbers."""
    data = frame(api, "&fields=utilization,temperature,ram_used")
    wanted = data[COLUMNS]
    assert set(map(str, data.dtypes)) == {"float64"}
    assert str(data.index.dtype).startswith("datetime64[")
    assert str(data.index.dtype).endswith("UTC]")
    assert wanted.shape == (len(expected), 3)
    assert not wanted.isna().any().any()
    for (time, row), tick in zip(wanted.iterrows(), expected, strict=True):
        assert time.timestamp() * 1000 == pytest.approx(min(each.timestamp for each in tick))
        assert list(row) == readings(tick)


def test_each_tick_of_a_sqlite_history_is_one_row_for_pandas(api: RunningApi) -> None:
    samples = ticks(300)
    api.store(*chain.from_iterable(samples))
    require_aligned(api, samples)


def test_each_tick_of_an_influxdb_history_is_one_row_for_pandas(
    shared_bus: BusConnection, tmp_path: Path, influxdb: Influxdb
) -> None:
    account = (influxdb.url, influxdb.token, influxdb.org, influxdb.new_bucket())
    samples, spans = ticks(300), Spans(3_600_000)
    with closing(InfluxdbWriter(*account, spans)) as writer:
        writer.open()
        writer.write(list(chain.from_iterable(samples)))
    with running_api(shared_bus, tmp_path, reader=InfluxdbReader(*account, spans)) as api:
        require_aligned(api, samples)


def test_buckets_of_all_channels_share_their_rows(api: RunningApi) -> None:
    for index, (of_cpu, of_gpu, of_memory) in enumerate(ticks(300)):
        api.store(of_cpu, of_memory, *([of_gpu] if index < 250 else []))
    data = frame(api, "&max_points=60&start=-10m&fields=utilization,temperature,ram_used")
    assert len(data) <= 60
    assert data["system/cpu.utilization"].notna().all()
    assert data["system/gpu/0.temperature"].isna().any()
    assert set(data.index.to_series().diff().dropna()) == {pd.Timedelta("10.001s")}


def test_accept_chooses_csv_as_the_parameter_does(api: RunningApi) -> None:
    api.store(cpu(age=1000))
    asked = {"fields": "utilization", "start": "-1m"}
    by_parameter = api.get(HISTORY, **asked, format="csv")
    by_header = api.client.get(HISTORY, params=asked, headers={"Accept": "text/csv"})
    assert by_parameter.text == by_header.text
    assert by_header.headers["content-type"] == "text/csv; charset=utf-8"
    assert "Accept" in by_header.headers["vary"]
    assert api.get(HISTORY, **asked).headers["content-type"] == "application/json"
    header, row, end = by_header.text.split("\r\n")
    assert (header, end) == ("time,system/cpu.utilization", "")
    assert row.endswith("Z,12.5")


def test_csv_is_compressed_for_clients_that_accept_it(api: RunningApi) -> None:
    api.store(*chain.from_iterable(ticks(100)))
    with api.client.stream(
        "GET", HISTORY, params={"format": "csv"}, headers={"Accept-Encoding": "gzip"}
    ) as response:
        packed = b"".join(response.iter_raw())
    assert response.headers["content-encoding"] == "gzip"
    assert len(pd.read_csv(io.BytesIO(gzip.decompress(packed)))) == 100


def test_errors_are_json_whatever_the_format(shared_api: RunningApi) -> None:
    status, code, _ = shared_api.error(HISTORY, format="csv", host="nobody")
    assert (status, code) == (404, "unknown_host")
    status, _, message = shared_api.error(HISTORY, format="xml")
    assert status == 422
    assert message == "format='xml' is not allowed: it must be 'json' or 'csv'."
