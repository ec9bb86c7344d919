"""An ingester that is killed while it writes."""

import json
import logging
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import Publication
from telemetry.clock import unix_milliseconds
from telemetry.history.port import Query
from telemetry.history.sqlite import SqliteReader
from telemetry.history.window import Spans
from tests.services.processes import wait_until

HOUR = 3_600_000
KILLS = 20
_PROGRAM = """
import sys, time
from pathlib import Path
from ingester.ingester import Ingester
from telemetry.bus.address import BrokerAddress
from telemetry.history.sqlite import SqliteWriter
from telemetry.bus.topics import TopicScheme
from telemetry.history.window import Spans

writer = SqliteWriter(Path(sys.argv[1]), Spans(3_600_000))
broker = BrokerAddress("127.0.0.1", int(sys.argv[2]))
ingester = Ingester(writer, broker, TopicScheme(), name="mortal")
ingester.start()
print(ingester.wait_subscribed(30), flush=True)
time.sleep(600)
"""

log = logging.getLogger(__name__)


@contextmanager
def ingester(file: Path, port: int) -> Iterator[None]:
    command = [sys.executable, "-c", _PROGRAM, str(file), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"True\n"
            yield
        finally:
            process.kill()


class Stream:
    """Numbered samples, 200 a second, as a collector would send them."""

    def __init__(self, address: BrokerAddress) -> None:
        self.start = unix_milliseconds()
        self.count = 0
        self._bus = BusConnection(address, "stream", keep_session=True)
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._publish)

    def _publish(self) -> None:
        while not self._finished.wait(0.005):
            values = {"utilization": self.count % 100, "per_core": [self.count]}
            body = {"host": "me", "timestamp": self.start + self.count, **values}
            self._bus.publish(Publication("system/cpu", json.dumps(body).encode(), retain=True))
            self.count += 1

    @contextmanager
    def running(self) -> Iterator[None]:
        self._bus.start()
        assert self._bus.wait_connected(10)
        self._thread.start()
        yield
        self._finished.set()
        self._thread.join()
        published = self.count
        wait_until(lambda: self.count == published, "all is sent")

    def close(self) -> None:
        self._bus.stop()


def stored(file: Path, stream: Stream) -> list[int]:
    """Return the numbers of the samples in the history."""
    with closing(SqliteReader(file, Spans(HOUR))) as reader:
        reader.open()
        query = Query("me", ("system/cpu",), stream.start, stream.start + HOUR, max_points=10**6)
        columns = reader.read(query).get("system/cpu")
    if columns is None:
        return []
    values = columns.fields["per_core.0"]
    return [round(value) for value in values if value is not None]


@pytest.mark.soak
def test_an_ingester_that_is_killed_while_it_writes_loses_and_duplicates_nothing(
    tmp_path: Path, address: BrokerAddress
) -> None:
    file = tmp_path / "history.sqlite3"
    stream = Stream(address)
    with ingester(file, address.port):
        # The broker knows it from now on.
        wait_until(file.with_name(f"{file.name}-wal").exists, "the history is created")
    with stream.running():
        for number in range(KILLS):
            before = len(stored(file, stream))
            with ingester(file, address.port):
                # Either its newest batch has just been written and is not acknowledged yet, or it
                # is writing the next one.
                wait_until(lambda: len(stored(file, stream)) > before, "a batch is stored")  # noqa: B023
                time.sleep(random.uniform(0, 0.6) if number % 2 else 0)  # noqa: S311
            log.info("killed %d times, %d stored", number + 1, len(stored(file, stream)))
    with ingester(file, address.port):
        wait_until(lambda: len(stored(file, stream)) >= stream.count, "all is stored")
        numbers = stored(file, stream)
    stream.close()
    assert numbers == list(range(stream.count))
