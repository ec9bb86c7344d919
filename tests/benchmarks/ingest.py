"""How fast a backlog is stored: ``python -m tests.benchmarks.ingest [--messages 40000]``.

A persistent session subscribes to Mosquitto and leaves, samples of the CPU of 50 hosts are queued
for it with QoS 1, and its owner starts: our ingester with each store, and Telegraf with InfluxDB if
it is on PATH. Prints messages per second from the first to the last that is stored, and the CPU
seconds of the consumer, without broker and store, for 100,000 messages. Linux only.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from deploy.broker_probe import accepts_clients
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import Publication
from telemetry.clock import unix_milliseconds
from telemetry.errors import HistoryUnavailableError
from telemetry.history.influxdb import InfluxdbReader, InfluxdbWriter
from telemetry.history.port import HistoryReader, Query
from telemetry.history.sqlite import SqliteReader
from telemetry.history.window import Spans
from telemetry.samples import Sample
from tests.benchmarks.figures import Figure, medians, print_table
from tests.benchmarks.footprint import cpu_seconds
from tests.deploy.monitor import running
from tests.services.availability import find_mosquitto, unavailable
from tests.services.influxdb import Influxdb, running_influxdb
from tests.services.processes import ServerProcess, free_port

HOSTS = 50
CORES = 16
INTERVAL = 2_000
HOUR = 3_600_000
SECONDS = 120.0
CHANNEL = "system/cpu"
_POLL_SECONDS = 0.02
_MOSQUITTO = """
listener {port} 127.0.0.1
allow_anonymous true
max_queued_messages 0
max_inflight_messages 200
"""
_TELEGRAF = """
[agent]
  omit_hostname = true
  metric_batch_size = 100
  flush_interval = "200ms"
[[inputs.mqtt_consumer]]
  servers = ["tcp://127.0.0.1:{port}"]
  topics = ["fleet/+/system/#"]
  topic_tag = ""
  qos = 1
  persistent_session = true
  client_id = "telegraf"
  data_format = "json"
  name_override = "cpu"
  tag_keys = ["host"]
  json_time_key = "timestamp"
  json_time_format = "unix_ms"
[[outputs.influxdb_v2]]
  urls = ["{url}"]
  token = "{token}"
  organization = "{org}"
  bucket = "{bucket}"
"""

Run = Callable[[], AbstractContextManager[int]]
"""Starts a consumer, yields its process ID, and stops it."""


def sample(host: str, timestamp: int) -> Sample:
    """Return a sample whose numbers differ from the one before."""
    cores = [(timestamp // 100 + 7 * core) % 1000 / 10 for core in range(CORES)]
    values = {"utilization": sum(cores) / CORES, "per_core": cores}
    return Sample(CHANNEL, host, timestamp, values)


def backlog(messages: int) -> list[Sample]:
    """Return ``messages`` samples of all hosts, the oldest first."""
    ticks, now = messages // HOSTS, unix_milliseconds()
    times = [now - INTERVAL * (ticks - tick) for tick in range(ticks)]
    return [sample(f"host-{host}", time) for time in times for host in range(HOSTS)]


def topic_of(sample: Sample) -> str:
    """Return the topic of ``sample`` with the prefix ``fleet/{host}``."""
    return f"fleet/{sample.host}/{sample.channel}"


def is_stored(reader: HistoryReader, sample: Sample) -> bool:
    """Return whether ``sample`` is in the history."""
    query = Query(sample.host, (CHANNEL,), sample.timestamp, sample.timestamp + 1)
    return bool(reader.read(query))


def stored(reader: HistoryReader, samples: list[Sample]) -> int:
    """Return how many of ``samples`` are in the history."""
    start, end = samples[0].timestamp, samples[-1].timestamp + 1
    hosts = {each.host for each in samples}
    queries = (Query(host, (CHANNEL,), start, end, len(samples)) for host in hosts)
    return sum(len(each.timestamps) for query in queries for each in reader.read(query).values())


def wait(condition: Callable[[], bool], pause: float = _POLL_SECONDS) -> None:
    """Wait until ``condition`` holds; a poll costs the store little."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the samples are not stored")
        time.sleep(pause)


def publish(bus: BusConnection, samples: list[Sample]) -> None:
    """Publish ``samples``, and wait until the broker has acknowledged them."""
    for each in samples:
        sent = bus.publish(Publication(topic_of(each), each.payload(), retain=False))
    sent.wait_for_publish(SECONDS)


def measure(bus: BusConnection, run: Run, reader: HistoryReader, messages: int) -> list[float]:
    """Return messages per second, and CPU seconds for 100,000 messages."""
    probe = sample("probe", unix_milliseconds())

    def is_subscribed() -> bool:
        publish(bus, [probe])
        with suppress(HistoryUnavailableError):  # InfluxDB, while it creates the bucket
            return is_stored(reader, probe)
        return False

    with run():
        wait(is_subscribed, 0.2)
    samples = backlog(messages)
    publish(bus, samples)
    with run() as pid:
        wait(lambda: is_stored(reader, samples[0]))
        began, used = time.monotonic(), cpu_seconds(pid)
        wait(lambda: is_stored(reader, samples[-1]))
        seconds, used = time.monotonic() - began, cpu_seconds(pid) - used
    if stored(reader, samples) != len(samples):
        raise RuntimeError(f"{stored(reader, samples)} of {len(samples)} samples are stored")
    return [len(samples) / seconds, used / len(samples) * 100_000]


@contextmanager
def broker(folder: Path) -> Iterator[int]:
    """Run a Mosquitto that queues without a limit, in memory; yield its port."""
    program, port = find_mosquitto(), free_port()
    if program is None:
        unavailable("mosquitto")
    file = folder / "mosquitto.conf"
    file.write_text(_MOSQUITTO.format(port=port))
    answers = partial(accepts_clients, "127.0.0.1", port, seconds=1)
    process = ServerProcess([program, "-c", str(file)], folder / "mosquitto.log", answers)
    process.start()
    try:
        yield port
    finally:
        process.stop()


def with_sqlite(folder: Path, port: int) -> tuple[Run, HistoryReader]:
    """Return our ingester with the embedded history."""
    data = folder / "data"
    return _ingester(folder, port, "--data-dir", str(data)), _sqlite_reader(data)


def _sqlite_reader(data: Path) -> HistoryReader:
    return SqliteReader(data / "history.sqlite3", Spans(HOUR))


def with_influxdb(server: Influxdb, folder: Path, port: int) -> tuple[Run, HistoryReader]:
    """Return our ingester with InfluxDB."""
    bucket = server.new_bucket()
    options = ("--influxdb-url", server.url, "--influxdb-org", server.org)
    run = _ingester(folder, port, *options, "--influxdb-bucket", bucket, token=server.token)
    return run, _influxdb_reader(server, bucket)


def _influxdb_reader(server: Influxdb, bucket: str) -> HistoryReader:
    return InfluxdbReader(server.url, server.token, server.org, bucket, Spans(HOUR))


def _ingester(folder: Path, port: int, *options: str, token: str = "") -> Run:
    variables = {"SYSTEM_MONITOR_INFLUXDB_TOKEN": token} if token else {}
    broker = ("--mqtt-url", f"mqtt://127.0.0.1:{port}", "--topic-prefix", "fleet/{host}")

    @contextmanager
    def run() -> Iterator[int]:
        with running(folder, "ingester", *broker, *options, variables=variables) as monitor:
            yield monitor.process.pid

    return run


def with_telegraf(server: Influxdb, folder: Path, port: int) -> tuple[Run, HistoryReader]:
    """Return Telegraf with InfluxDB."""
    bucket = server.new_bucket()
    with closing(InfluxdbWriter(server.url, server.token, server.org, bucket, Spans(HOUR))) as own:
        own.open()  # creates the bucket
    file = folder / "telegraf.conf"
    account = {"url": server.url, "token": server.token, "org": server.org, "bucket": bucket}
    file.write_text(_TELEGRAF.format(port=port, **account))
    command = ["telegraf", "--config", str(file)]

    @contextmanager
    def run() -> Iterator[int]:
        with (folder / "telegraf.log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield process.pid
        finally:
            process.terminate()
            process.wait()

    return run, _influxdb_reader(server, bucket)


def main() -> None:
    """Measure what is available here, in turn, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print_table(figures(options.rounds, options.messages))


def figures(rounds: int, messages: int = 40_000) -> Iterator[Figure]:
    """Yield the medians of what is available here."""
    telegraf = shutil.which("telegraf") is not None
    consumers = {"SQLite": with_sqlite}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        try:
            server = stack.enter_context(running_influxdb(folder))
        except pytest.skip.Exception as reason:
            print(f"InfluxDB: {reason}", file=sys.stderr)
        else:
            consumers["InfluxDB"] = partial(with_influxdb, server)
            if telegraf:
                consumers["Telegraf"] = partial(with_telegraf, server)
        found: dict[str, list[list[float]]] = {title: [] for title in consumers}
        for number in range(rounds):
            for title, consumer in consumers.items():
                place = folder / f"{number}-{title}"
                place.mkdir()
                with broker(place) as port:
                    found[title].append(_measured(consumer(place, port), port, messages))
    rates, seconds = zip(*(medians(each) for each in found.values()), strict=True)
    peer = (rates[-1], seconds[-1]) if telegraf and "Telegraf" in found else (None, None)
    backlog_of = f"storing a backlog of {messages:,} messages"
    yield Figure(f"{backlog_of} in SQLite", rates[0], "messages/s", "≥ 15,000 messages/s")
    yield Figure("storing 100,000 messages in SQLite: CPU time", seconds[0], "s")
    if "InfluxDB" in found:
        title = f"{backlog_of} in InfluxDB"
        yield Figure(title, rates[1], "messages/s", "ratio ≥ 1.2", "Telegraf", peer[0])
        title = "storing 100,000 messages in InfluxDB: CPU time"
        yield Figure(title, seconds[1], "s", "ratio ≤ 1.0", "Telegraf", peer[1])


def _measured(consumer: tuple[Run, HistoryReader], port: int, messages: int) -> list[float]:
    run, reader = consumer
    bus = BusConnection(BrokerAddress("127.0.0.1", port), "benchmark")
    bus.start()
    bus.wait_connected(SECONDS)
    with closing(reader):
        reader.open()
        try:
            return measure(bus, run, reader, messages)
        finally:
            bus.stop()


if __name__ == "__main__":
    main()
