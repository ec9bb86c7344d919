from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from telemetry.bus.connection import BusConnection
from telemetry.clock import unix_milliseconds
from telemetry.history.sqlite import SqliteReader, SqliteWriter
from telemetry.history.window import Spans
from telemetry.samples import Sample
from tests.api.running import GPU, RunningApi, cpu, running_api
from tests.telemetry.history.conftest import MovableClock

HISTORY = "/api/v1/system/history"
HOUR = 3_600_000


def every_two_seconds(count: int, channel: str = "system/cpu", host: str = "alpha") -> list[Sample]:
    """Return ``count`` samples whose utilization counts up from 0; the newest is 1 s old."""
    newest = unix_milliseconds() - 1000
    return [
        Sample(channel, host, newest - 2000 * (count - 1 - index), {"utilization": float(index)})
        for index in range(count)
    ]


def times(samples: Sequence[Sample]) -> list[int]:
    return [sample.timestamp for sample in samples]


def test_samples_are_returned_as_columns_of_equal_length(api: RunningApi) -> None:
    samples = [cpu(age=5000), cpu(age=3000), cpu(age=1000)]
    api.store(*samples)
    body = api.json(HISTORY)
    columns = body["channels"]["system/cpu"]
    assert body["host"] == "alpha"
    assert columns["timestamps"] == times(samples)
    assert columns["bucket_width"] is None
    assert columns["fields"]["utilization"] == [12.5, 12.5, 12.5]
    assert columns["fields"]["per_core.1"] == [15.0, 15.0, 15.0]
    assert {len(values) for values in columns["fields"].values()} == {3}


def test_an_outage_is_a_gap_of_nulls(api: RunningApi) -> None:
    samples = every_two_seconds(30)
    api.store(*samples[:10], *samples[20:])
    columns = api.json(HISTORY)["channels"]["system/cpu"]
    assert len(columns["timestamps"]) == 21
    assert columns["fields"]["utilization"][10] is None


def test_the_default_is_every_channel_over_the_whole_window(api: RunningApi) -> None:
    api.store(
        cpu(age=3_500_000),
        cpu(age=1000),
        *every_two_seconds(1, "system/memory"),
        Sample("system/gpu/0", "alpha", unix_milliseconds() - 500, GPU),
    )
    body = api.json(HISTORY)
    assert body["channels"].keys() == {"system/cpu", "system/memory", "system/gpu/0"}
    assert body["channels"]["system/cpu"]["timestamps"][0] < unix_milliseconds() - 3_000_000
    assert body["end"] - body["start"] == 3_600_001


def test_channels_may_be_repeated_and_contain_wildcards(api: RunningApi) -> None:
    api.store(
        cpu(age=1000),
        *every_two_seconds(1, "system/memory"),
        *(
            Sample(f"system/gpu/{index}", "alpha", unix_milliseconds() - 500, GPU)
            for index in range(3)
        ),
    )
    expected = ["system/gpu/0", "system/gpu/1", "system/gpu/2", "system/memory"]
    for query in (
        "channel=system/gpu/%2B&channel=system/memory",
        "channel=system/gpu/+&channel=system/memory",
        "channel=system/gpu/+,system/memory",
        "channels=system/memory,system/gpu/+",
        "channels=system/memory&channels=system/gpu/+",
        "channels=system/gpu/+&channel=system/memory",
    ):
        assert sorted(api.json(f"{HISTORY}?{query}")["channels"]) == expected, query


def test_only_the_chosen_fields_and_the_channels_that_have_one_are_returned(
    api: RunningApi,
) -> None:
    api.store(
        cpu(age=1000),
        *every_two_seconds(1, "system/disk"),
        Sample("system/gpu/0", "alpha", unix_milliseconds() - 500, GPU),
    )
    channels = api.json(HISTORY, fields="utilization,per_core,temperature")["channels"]
    assert {name: list(each["fields"]) for name, each in channels.items()} == {
        "system/cpu": ["utilization", "per_core.0", "per_core.1"],
        "system/gpu/0": ["utilization", "temperature"],
    }


def test_a_channel_without_samples_in_the_span_is_left_out(api: RunningApi) -> None:
    api.store(cpu(age=60_000))
    assert api.json(HISTORY, channel="system/cpu", start="-10s")["channels"] == {}


@pytest.mark.parametrize(
    "start",
    [
        "-30s",
        str(unix_milliseconds() - 30_000),
        str(unix_milliseconds() // 1000 - 30),
        str(unix_milliseconds() / 1000 - 30),
        datetime.fromtimestamp((unix_milliseconds() - 30_000) / 1000, UTC).isoformat(),
    ],
    ids=["offset", "milliseconds", "seconds", "fraction of a second", "ISO 8601"],
)
def test_a_span_accepts_each_time_format(api: RunningApi, start: str) -> None:
    api.store(cpu(age=600_000), cpu(age=1000))
    columns = api.json(HISTORY, start=start)["channels"]["system/cpu"]
    assert len(columns["timestamps"]) == 1


def test_the_start_is_inclusive_and_the_end_exclusive(api: RunningApi) -> None:
    samples = every_two_seconds(3)
    api.store(*samples)
    first, _, last = times(samples)
    columns = api.json(HISTORY, start=first, end=last)["channels"]["system/cpu"]
    assert columns["timestamps"] == times(samples)[:2]


def test_no_more_points_than_requested_are_returned(api: RunningApi) -> None:
    samples = every_two_seconds(200)
    api.store(*samples)
    first, *_, last = times(samples)
    body = api.json(HISTORY, max_points=10, start=first, end=last + 1)
    columns = body["channels"]["system/cpu"]
    assert len(columns["timestamps"]) == 10
    assert columns["bucket_width"] == 39_801


@pytest.mark.parametrize(
    ("aggregate", "expected"), [("mean", 49.5), ("min", 0.0), ("max", 99.0), ("last", 99.0)]
)
def test_each_aggregate_combines_samples_as_named(
    api: RunningApi, aggregate: str, expected: float
) -> None:
    samples = every_two_seconds(100)
    api.store(*samples)
    body = api.json(HISTORY, max_points=1, start=samples[0].timestamp, aggregate=aggregate)
    assert body["channels"]["system/cpu"]["fields"]["utilization"] == [expected]


def test_a_span_longer_than_the_history_is_cut_to_keep_buckets_narrow(
    api: RunningApi,
) -> None:
    api.store(*every_two_seconds(600))
    columns = api.json(HISTORY, start="-30d", max_points=360)["channels"]["system/cpu"]
    assert columns["bucket_width"] <= 7 * 24 * HOUR // 360 + 1


@pytest.mark.parametrize(("start", "end"), [("0", "1"), ("-9h", "-8h"), ("9" * 17, "9" * 18)])
def test_a_span_outside_the_window_is_empty(api: RunningApi, start: str, end: str) -> None:
    api.store(cpu(age=1000))
    assert api.json(HISTORY, start=start, end=end)["channels"] == {}


def test_a_host_known_only_from_the_history_can_be_selected(api: RunningApi) -> None:
    api.store(cpu("beta", age=1000))
    assert "system/cpu" in api.json(HISTORY, host="beta")["channels"]
    assert api.json(HISTORY)["host"] == "beta"


def test_a_live_host_without_history_has_no_channels(api: RunningApi) -> None:
    api.feed(cpu())
    assert api.json(HISTORY)["channels"] == {}


class CountingReader(SqliteReader):
    """Counts how often all hosts are listed."""

    listings = 0

    def hosts(self, start: int | None = None) -> Sequence[str]:
        self.listings += 1
        return super().hosts(start)


def test_the_history_of_a_known_host_costs_the_same_however_many_hosts_there_are(
    shared_bus: BusConnection, tmp_path: Path
) -> None:
    reader = CountingReader(tmp_path / "history.sqlite3", Spans(HOUR))
    with running_api(shared_bus, tmp_path, reader=reader) as api:
        api.store(cpu("alpha"), cpu("beta"))
        assert api.json(HISTORY)["host"] == "alpha"
        assert api.json(HISTORY, host="beta")["channels"].keys() == {"system/cpu"}
        assert reader.listings == 0
        assert api.error(HISTORY, host="gamma")[:2] == (404, "unknown_host")
        assert reader.listings == 1


def test_days_are_answered_from_minutes_and_the_last_hour_from_samples(
    shared_bus: BusConnection, tmp_path: Path
) -> None:
    with running_api(shared_bus, tmp_path) as api:
        clock = MovableClock(unix_milliseconds() - 72 * HOUR)
        file, spans = tmp_path / "history.sqlite3", api.settings.spans
        with closing(SqliteWriter(file, spans, clock)) as earlier:
            earlier.open()
            earlier.write([Sample("system/cpu", "silent", clock.now, {"utilization": 5.0})])
            earlier.write([Sample("system/cpu", "alpha", clock.now, {"utilization": 7.0})])
            clock.advance(120_000)
            earlier.roll_up()
        newest = cpu("alpha", age=1000)
        api.store(newest)
        asked = {"start": "-7d", "max_points": 5000}
        columns = api.json(HISTORY, **asked)["channels"]["system/cpu"]
        assert columns["fields"]["utilization"][0] == 7.0
        assert columns["bucket_width"] in (120_960, 120_961)
        asked = {"start": "-73h", "max_points": 5000}
        columns = api.json(HISTORY, **asked)["channels"]["system/cpu"]
        assert columns["timestamps"][0] % 60_000 == 0
        assert columns["timestamps"][0] < columns["minutes_until"] < columns["timestamps"][-1]
        assert columns["timestamps"][-1] == newest.timestamp
        assert columns["fields"]["utilization"] == [7.0, None, 12.5]
        assert columns["bucket_width"] is None
        silent = api.json(HISTORY, **asked, host="silent")["channels"]["system/cpu"]
        assert (silent["fields"]["utilization"], silent["bucket_width"]) == ([5.0], 60_000)
        assert api.error(HISTORY, host="silent")[:2] == (404, "unknown_host")


def test_an_unknown_host_is_not_found(api: RunningApi) -> None:
    assert api.error(HISTORY)[:2] == (404, "unknown_host")
    api.store(cpu(age=1000))
    assert api.error(HISTORY, host="beta")[:2] == (404, "unknown_host")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"max_points": 0}, "max_points='0' is not allowed: it must be greater than or equal to 1"),
        ({"max_points": 5001}, "max_points='5001' is not allowed: it must be less than or equal"),
        ({"max_points": "9" * 5000}, "max_points='999"),
        ({"max_points": "many"}, "max_points='many' is not allowed: it must be a valid integer"),
        (
            {"fields": "temperature,utilisation"},
            "fields='utilisation' is not allowed: no channel with a history has this field; the ne",
        ),
        ({"fields": ""}, "fields='' is not allowed: no channel"),
        ({"fields": "name"}, "fields='name' is not allowed: no channel"),
        ({"fields": "x" * 2000}, "fields='xxx"),
        ({"aggregate": "sum"}, "aggregate='sum' is not allowed: it must be 'mean', 'min', 'max'"),
        ({"start": "soon"}, "start='soon' is not allowed: it must be ISO 8601"),
        (
            {"end": "2020-01-01"},
            "end='2020-01-01' is not allowed: it must be later than the default start; give an",
        ),
        ({"end": "a\x00b"}, "end='a\\x00b' is not allowed: it must be ISO 8601"),
        ({"start": "-1m", "end": "-2m"}, "end='-2m' is not allowed: it must be later than"),
        ({"start": "9" * 18}, "end='now' is not allowed: it must be later than"),
        ({"channel": "system/#/cpu"}, "channel='system/#/cpu' is not allowed: it must be a chan"),
        ({"channel": ""}, "channel='' is not allowed"),
        ({"channels": ""}, "channels='' is not allowed"),
        ({"channels": "system/cpu,system/fan"}, "channels='system/fan' is not allowed: the"),
        ({"channel": "system/fan"}, "channel='system/fan' is not allowed: the channels with a"),
        ({"channel": "system/status"}, "channel='system/status' is not allowed: the channels"),
        ({"channel": "system/gpu/x"}, "channel='system/gpu/x' is not allowed"),
        ({"host": "h" * 300}, "host='hhh"),
    ],
)
def test_an_invalid_parameter_gets_one_sentence_that_names_it(
    shared_api: RunningApi, parameters: dict[str, Any], expected: str
) -> None:
    status, code, message = shared_api.error(HISTORY, **parameters)
    assert (status, code) == (422, "wrong_parameter")
    assert message.startswith(expected)
    assert message.endswith(".")
    assert len(message) < 300
