"""A history with minutes, fed with a recording at speed, and what plain Python makes of it."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from statistics import fmean

import pytest

from telemetry.history.port import Aggregate, Columns, HistoryReader, HistoryWriter, Query
from telemetry.history.window import Spans
from telemetry.samples import Sample
from tests.services.influxdb_tokens import administrator
from tests.telemetry.history.conftest import HOUR, InfluxdbStore, MovableClock, SqliteStore, Store
from tests.telemetry.history.samples import INTERVAL, cpu, question

MINUTE = 60_000
DAY = 24 * HOUR
WEEK = 7 * DAY
FUNCTIONS: dict[Aggregate, Callable[[Sequence[float]], float]] = {
    Aggregate.MEAN: fmean,
    Aggregate.MIN: min,
    Aggregate.MAX: max,
    Aggregate.LAST: fmean,
}


def minute_of(timestamp: int) -> int:
    return timestamp // MINUTE * MINUTE


def new_store(request: pytest.FixtureRequest, folder: Path, clock: MovableClock) -> Store:
    """Return an empty store of the fixture's kind that keeps minutes for a week."""
    if request.param == "sqlite":
        return SqliteStore(folder / "history.sqlite3", clock, Spans(HOUR, WEEK, WEEK))
    server = request.getfixturevalue("influxdb")
    store = InfluxdbStore(server, server.new_bucket(), clock, minutes_ms=WEEK)
    with administrator(server) as client:  # by its own clock, the server would drop the samples
        client.buckets_api().create_bucket(bucket_name=store.bucket, retention_rules=[])
    return store


def roll_up(writer: HistoryWriter) -> None:
    while writer.roll_up():
        pass


def recording(start: int, length: int) -> list[Sample]:
    """Return samples whose utilization is random, with nulls, and a short peak in each hour."""
    chance = random.Random(start)  # noqa: S311 - the same samples in each run
    times = range(start, start + length, INTERVAL)
    return [
        cpu(
            time,
            1000.0 if (time - start) % HOUR == 0 else chance.choice([None, *map(float, range(9))]),
        )
        for time in times
    ]


def made_of(samples: Sequence[Sample], aggregate: Aggregate) -> dict[int, float | None]:
    """Return the utilization of each minute."""
    minutes: dict[int, list[float]] = {}
    for sample in samples:
        value = sample.values["utilization"]
        minutes.setdefault(minute_of(sample.timestamp), []).extend(
            [value] if isinstance(value, float) else []
        )
    function = FUNCTIONS[aggregate]
    return {time: function(values) if values else None for time, values in minutes.items()}


@dataclass
class Longer:
    """A store, a writer and a reader of it; ``written`` is what it was fed with."""

    store: Store
    writer: HistoryWriter
    reader: HistoryReader
    written: list[Sample] = field(default_factory=list)

    @property
    def clock(self) -> int:
        return self.store.clock()

    @property
    def start(self) -> int:
        return self.written[0].timestamp

    def feed(self, samples: Sequence[Sample]) -> None:
        """Write ``samples`` every ten minutes, as the time comes, and roll up."""
        for _, each in groupby(samples, lambda sample: sample.timestamp // (10 * MINUTE)):
            part = list(each)
            self.store.clock.now = part[-1].timestamp + 1
            self.writer.write(part)
            roll_up(self.writer)
        self.written += samples

    def settle(self, milliseconds: int = 2 * MINUTE) -> None:
        """Let the newest minute end, and roll up."""
        self.store.clock.advance(milliseconds)
        roll_up(self.writer)

    def minutes(self, aggregate: Aggregate, host: str, end: int | None) -> Columns | None:
        """Return the utilization of every minute before the window."""
        last = minute_of(self.clock - HOUR) if end is None else end
        query = question(last - DAY, last, host=host, max_points=5000)
        return self.reader.read(replace(query, aggregate=aggregate)).get("system/cpu")

    def values(
        self, aggregate: Aggregate = Aggregate.MEAN, host: str = "h", end: int | None = None
    ) -> dict[int, float | None]:
        columns = self.minutes(aggregate, host, end)
        if columns is None:
            return {}
        pairs = zip(columns.timestamps, columns.fields["utilization"], strict=True)
        return dict(pairs)

    def buckets(self, query: Query, width: int) -> dict[int, float]:
        """Return what the port describes for buckets of minutes, without marks of outages."""
        buckets: dict[int, list[float]] = {}
        for time, value in made_of(self.written, query.aggregate).items():
            if time >= query.start and value is not None:
                start = query.start + (time - query.start) // width * width
                buckets.setdefault(start, []).append(value)
        is_last = query.aggregate is Aggregate.LAST
        function = (lambda each: each[-1]) if is_last else FUNCTIONS[query.aggregate]
        return {start: function(values) for start, values in buckets.items()}


def opened(store: Store) -> Iterator[Longer]:
    """Yield a writer and a reader of ``store``."""
    with ExitStack() as stack:
        writer = stack.enter_context(closing(store.new_writer()))
        reader = stack.enter_context(closing(store.new_reader()))
        writer.open()
        reader.open()
        yield Longer(store, writer, reader)
