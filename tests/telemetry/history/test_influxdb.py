"""What is specific to InfluxDB: the bucket, the account and the scripts."""

import logging
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import pytest
from influxdb_client.client.write_api import SYNCHRONOUS

from telemetry.errors import HistoryRejectedError, HistoryUnavailableError
from telemetry.history.influxdb import flux
from telemetry.history.influxdb.names import series_of
from telemetry.history.port import Aggregate
from tests.services.influxdb_tokens import administrator
from tests.telemetry.history.conftest import HOUR, InfluxdbStore, MovableClock
from tests.telemetry.history.samples import INTERVAL, cpu, listed, question


def test_a_bucket_that_is_deleted_while_in_use_is_created_again(
    influxdb_store: InfluxdbStore, clock: MovableClock
) -> None:
    with closing(influxdb_store.new_writer()) as writer:
        writer.open()
        with administrator(influxdb_store.server) as client:
            buckets = client.buckets_api()
            buckets.delete_bucket(buckets.find_bucket_by_name(influxdb_store.bucket))
        with pytest.raises(HistoryUnavailableError, match="no longer has the bucket"):
            writer.write([cpu(clock())])
        writer.write([cpu(clock())])
    with closing(influxdb_store.new_reader()) as reader:
        reader.open()
        reader.ping()


def test_samples_that_are_too_old_for_the_server_are_counted_and_the_others_stored(
    influxdb_store: InfluxdbStore, clock: MovableClock
) -> None:
    now = clock()
    clock.advance(-HOUR // 2)  # this machine's clock is behind
    with closing(influxdb_store.new_writer()) as writer:
        writer.open()
        writer.write([cpu(clock() - HOUR + 1), cpu(now)])
        assert writer.dropped == 1
    with closing(influxdb_store.new_reader()) as reader:
        reader.open()
        assert reader.read(question(0, now + 1))["system/cpu"].timestamps == [now]


def test_a_field_with_another_type_in_the_bucket_is_rejected(
    influxdb_store: InfluxdbStore, clock: MovableClock
) -> None:
    with closing(influxdb_store.new_writer()) as writer:
        writer.open()
        with administrator(influxdb_store.server) as client:
            client.write_api(write_options=SYNCHRONOUS).write(
                influxdb_store.bucket, record=f"cpu,host=h utilization=true {clock()}000000"
            )
        with pytest.raises(
            HistoryRejectedError, match=r"^InfluxDB rejected .*field type conflict.*\.$"
        ):
            writer.write([cpu(clock() + 1)])


def test_samples_of_an_earlier_version_are_read_beside_new_ones(
    influxdb_store: InfluxdbStore, clock: MovableClock
) -> None:
    start = clock() - HOUR // 2
    old = [
        f"cpu,host=h samples=1i,utilization={number} {start + number * INTERVAL}000000"
        for number in range(10)
    ]
    with (
        closing(influxdb_store.new_writer()) as writer,
        closing(influxdb_store.new_reader()) as reader,
    ):
        writer.open()
        with administrator(influxdb_store.server) as client:
            client.write_api(write_options=SYNCHRONOUS).write(influxdb_store.bucket, record=old)
        reader.open()
        assert listed(reader) == {"h": ["system/cpu"]}
        writer.write([cpu(start + number * INTERVAL, float(number)) for number in range(10, 20)])
        span = start, start + 20 * INTERVAL
        raw = reader.read(question(*span))["system/cpu"].fields
        halves = reader.read(question(*span, max_points=10))["system/cpu"].fields
    assert raw["utilization"] == [float(number) for number in range(20)]
    assert halves["utilization"] == [number + 0.5 for number in range(0, 20, 2)]
    assert "samples" not in raw


def test_a_query_over_all_fields_finds_only_floats(
    influxdb_store: InfluxdbStore, clock: MovableClock
) -> None:
    with closing(influxdb_store.new_writer()) as writer:
        writer.open()
        writer.write([cpu(clock() - 1, None), cpu(clock(), 2.0, per_core=[1, 2])])
    script = f'from(bucket: "{influxdb_store.bucket}") |> range(start: -1h) |> last() |> group()'
    with administrator(influxdb_store.server) as client:
        (table,) = client.query_api().query(script)
    values = {row["_field"]: row.get_value() for row in table.records}
    assert values == {"empty": 1.0, "utilization": 2.0, "per_core.0": 1.0, "per_core.1": 2.0}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"token": "wrong"}, r"rejected the token \(unauthorized access\): set influxdb_token"),
        ({"token": "line\nbreak"}, "influxdb_token contains invalid characters"),
        ({"token": "schlüssel"}, "influxdb_token contains invalid characters"),
        ({"org": "wrong"}, "has no organization 'wrong': set influxdb_org"),
        ({"url": "http://127.0.0.1:1"}, "cannot be reached: is it running"),
    ],
)
def test_a_wrong_account_is_reported_in_one_sentence_without_the_token(
    influxdb_store: InfluxdbStore,
    wrong: dict[str, str],
    sentence: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    server = replace(influxdb_store.server, **wrong)
    store = replace(influxdb_store, server=server)
    with closing(store.new_writer()) as writer:
        with pytest.raises(HistoryUnavailableError, match=sentence) as failure:
            writer.open()
        for shown in (str(failure.value), repr(vars(writer)), caplog.text):
            assert server.token not in shown
            assert "Traceback" not in shown


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [({"token": "wrong"}, "rejected the token"), ({"org": "wrong"}, "has no organization")],
)
def test_a_reader_with_a_wrong_account_reports_it_for_each_query(
    influxdb_store: InfluxdbStore, clock: MovableClock, wrong: dict[str, str], sentence: str
) -> None:
    store = replace(influxdb_store, server=replace(influxdb_store.server, **wrong))
    with closing(store.new_reader()) as reader:
        reader.open()
        with pytest.raises(HistoryUnavailableError, match=sentence):
            reader.ping()
        with pytest.raises(HistoryUnavailableError, match=sentence):
            reader.hosts()
        with pytest.raises(HistoryUnavailableError, match=sentence):
            reader.channels("h")
        with pytest.raises(HistoryUnavailableError, match=sentence):
            reader.read(question(0, clock()))


def test_names_never_become_part_of_a_script() -> None:
    series = [found for name in ("system/cpu", "system/gpu/7") if (found := series_of(name))]
    selection = flux.Selection("a bucket", "a host", series, 0, 1)
    for script in (
        selection.count(),
        selection.samples(),
        selection.buckets(10, Aggregate.MEAN),
        flux.hosts("a bucket", 0, 1),
    ):
        assert "a bucket" not in script.text
        assert "a host" not in script.text
        assert script.parameters["bucket"] == "a bucket"


def test_the_client_is_not_loaded_before_it_is_used() -> None:
    program = (
        "import sys; from telemetry.history.influxdb import InfluxdbReader, InfluxdbWriter; "
        "from telemetry.history.window import Spans; "
        "account = 'http://localhost', 'token', 'org', 'bucket', Spans(1); "
        "InfluxdbReader(*account); InfluxdbWriter(*account); "
        "sys.exit('influxdb_client' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
