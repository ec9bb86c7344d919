"""The retention of the buckets: exactly the window in ours, unchanged in all others."""

from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from influxdb_client.client.write_api import SYNCHRONOUS

from telemetry.clock import unix_milliseconds
from telemetry.errors import HistoryUnavailableError
from tests.services.influxdb_tokens import administrator
from tests.telemetry.history.conftest import HOUR, InfluxdbStore
from tests.telemetry.history.samples import cpu, listed, question

DAY = 24 * HOUR
WEEK, MONTH, FOREVER = 7 * DAY, 30 * DAY, 0
LONG = "{}-long"


def create(store: InfluxdbStore, retention_ms: int, name: str = "{}") -> None:
    """Create a bucket as another program would, with 280 points."""
    rules = [{"type": "expire", "everySeconds": retention_ms // 1000}]
    now = unix_milliseconds()
    lines = "\n".join(f"theirs value={each} {now - each * 10_000}000000" for each in range(280))
    bucket = name.format(store.bucket)
    with administrator(store.server) as client:
        client.buckets_api().create_bucket(bucket_name=bucket, retention_rules=rules)
        client.write_api(write_options=SYNCHRONOUS).write(bucket, record=lines)


def found(store: InfluxdbStore, name: str = "{}") -> dict[str, Any]:
    """Return the bucket as InfluxDB describes it."""
    with administrator(store.server) as client:
        bucket = client.buckets_api().find_bucket_by_name(name.format(store.bucket))
        described: dict[str, Any] = bucket.to_dict()
        return described


def retention(store: InfluxdbStore, name: str = "{}") -> tuple[int, int]:
    """Return the retention and the shard-group duration in seconds."""
    (rule,) = found(store, name)["retention_rules"]
    return rule["every_seconds"], rule["shard_group_duration_seconds"]


def open_and_close(store: InfluxdbStore) -> None:
    with closing(store.new_writer()) as writer:
        writer.open()


def points(store: InfluxdbStore) -> int:
    """Return how many points of the other program are left."""
    script = (
        f'from(bucket: "{store.bucket}") |> range(start: 0) '
        '|> filter(fn: (r) => r._measurement == "theirs") |> count()'
    )
    with administrator(store.server) as client:
        (table,) = client.query_api().query(script)
        return int(table.records[0].get_value())


@pytest.mark.parametrize(
    ("window_ms", "seconds", "group"),
    [
        (1000, 3600, 3600),
        (HOUR, 3600, 3600),
        (48 * HOUR - 1000, 172_799, 3600),
        (48 * HOUR, 172_800, 86_400),
        (365 * DAY, 31_536_000, 86_400),
    ],
)
def test_a_new_bucket_keeps_exactly_the_window(
    influxdb_store: InfluxdbStore, window_ms: int, seconds: int, group: int
) -> None:
    store = replace(influxdb_store, window_ms=window_ms, events_ms=2 * window_ms)
    open_and_close(store)
    assert retention(store) == (seconds, group)
    assert retention(store, LONG)[0] == max(3600, 2 * window_ms // 1000)


def test_a_bucket_of_ours_follows_the_window_and_keeps_its_samples(
    influxdb_store: InfluxdbStore,
) -> None:
    now = influxdb_store.clock()
    for number, window_ms in enumerate((HOUR, 10 * DAY, 2 * HOUR)):
        store = replace(influxdb_store, window_ms=window_ms, events_ms=3 * window_ms)
        with closing(store.new_writer()) as writer:
            writer.open()
            writer.write([cpu(now + number)])
        assert retention(store)[0] == window_ms // 1000
        assert retention(store, LONG)[0] == 3 * window_ms // 1000
    with closing(store.new_reader()) as reader:
        reader.open()
        reader.ping()
        assert len(reader.read(question(now, now + 3))["system/cpu"].timestamps) == 3


@pytest.mark.parametrize("retention_ms", [HOUR, DAY, WEEK, MONTH, FOREVER])
def test_a_foreign_bucket_is_used_as_it_is_if_it_keeps_at_least_the_window(
    influxdb_store: InfluxdbStore, retention_ms: int
) -> None:
    create(influxdb_store, retention_ms)
    create(influxdb_store, FOREVER, LONG)
    before = found(influxdb_store), found(influxdb_store, LONG)
    now = influxdb_store.clock()
    with (
        closing(influxdb_store.new_writer()) as writer,
        closing(influxdb_store.new_reader()) as reader,
    ):
        writer.open()
        writer.write([cpu(now)])
        reader.open()
        reader.ping()
        assert reader.read(question(now, now + 1))["system/cpu"].timestamps == [now]
        assert listed(reader) == {"h": ["system/cpu"]}
    assert (found(influxdb_store), found(influxdb_store, LONG)) == before
    assert points(influxdb_store) == 280


@pytest.mark.parametrize(
    ("name", "retention_ms", "sentence"),
    [
        ("{}", HOUR, r"keeps data for 1 h, but 2 h are needed.*did not create.*to 2 h or more"),
        (LONG, DAY, r"keeps data for 24 h, but 7 days are needed.*set influxdb_bucket to the name"),
    ],
)
def test_a_foreign_bucket_that_keeps_less_is_refused_and_left_alone(
    influxdb_store: InfluxdbStore, name: str, retention_ms: int, sentence: str
) -> None:
    store = replace(influxdb_store, window_ms=2 * HOUR)
    if name == LONG:
        open_and_close(store)
        with administrator(store.server) as client:
            buckets = client.buckets_api()
            buckets.delete_bucket(buckets.find_bucket_by_name(LONG.format(store.bucket)))
    else:
        create(store, FOREVER, LONG)
    create(store, retention_ms, name)
    before = found(store, name)
    with closing(store.new_writer()) as writer, closing(store.new_reader()) as reader:
        reader.open()
        for check in (writer.open, writer.open, reader.ping):
            with pytest.raises(HistoryUnavailableError, match=sentence) as failure:
                check()
            assert repr(name.format(store.bucket)) in str(failure.value)
    assert found(store, name) == before


def test_a_bucket_whose_description_is_deleted_is_no_longer_changed(
    influxdb_store: InfluxdbStore,
) -> None:
    open_and_close(influxdb_store)
    with administrator(influxdb_store.server) as client:
        buckets = client.buckets_api()
        bucket = buckets.find_bucket_by_name(influxdb_store.bucket)
        assert "Delete this description to set the retention yourself" in bucket.description
        bucket.description = ""
        bucket.retention_rules[0].every_seconds = 7200
        buckets.update_bucket(bucket)
    open_and_close(influxdb_store)
    assert retention(influxdb_store) == (7200, 3600)


def test_the_measurements_of_others_in_the_same_bucket_are_not_taken_for_ours(
    influxdb_store: InfluxdbStore,
) -> None:
    create(influxdb_store, WEEK)
    now = influxdb_store.clock()
    lines = [
        *(f"cpu,host=h,cpu=cpu{core} usage_idle=99.5 {now - 5}000000" for core in range(4)),
        f"cpu,host=theirs,cpu=cpu-total usage_idle=99.5 {now}000000",
        f'disk,host=h,device=sda free=10i,label="any" {now}000000',
        f"nvidia_smi,host=theirs,index=0 temperature=50i,utilization=1i {now}000000",
        f"theirs,room=attic temperature=21.5 {now}000000",
    ]
    with administrator(influxdb_store.server) as client:
        client.write_api(write_options=SYNCHRONOUS).write(influxdb_store.bucket, record=lines)
    with (
        closing(influxdb_store.new_writer()) as writer,
        closing(influxdb_store.new_reader()) as reader,
    ):
        writer.open()
        reader.open()
        assert reader.hosts() == []
        writer.write([cpu(now - 10, 1.0), cpu(now, None)])
        assert listed(reader) == {"h": ["system/cpu"]}
        for max_points in (1, 360):
            span = question(now - 10, now + 1, "system/cpu", "system/disk", max_points=max_points)
            answer = reader.read(span)
            assert list(answer) == ["system/cpu"]
            assert answer["system/cpu"].timestamps == [now - 10, now][:max_points]
            assert answer["system/cpu"].fields["utilization"] == [1.0, None][:max_points]
            assert "usage_idle" not in answer["system/cpu"].fields
