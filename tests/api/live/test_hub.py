"""The exact limits of a client's queue, which a WebSocket cannot show."""

import asyncio
import json

import pytest

from api.live.client import BATCH_SECONDS, QUEUE_FRAMES, TOO_SLOW, Client
from api.live.hub import Hub
from api.live.newest import Newest, Update
from tests.api.running import cpu, gpu


class Connection:
    """A WebSocket whose client reads only when the test lets it."""

    def __init__(self, *, can_write: bool = True) -> None:
        self.can_write = can_write
        self.on_writable = self.interrupt  # until a client takes it
        self.written: list[bytes] = []
        self.interrupted = False

    def write(self, frame: bytes) -> None:
        self.written.append(frame)

    def interrupt(self) -> None:
        self.interrupted = True

    def read(self) -> None:
        self.can_write = True
        self.on_writable()


def hub_with_a_client(
    newest: Newest | None = None, *, can_write: bool = False
) -> tuple[Hub, Client, Connection]:
    hub, connection = Hub(newest or Newest()), Connection(can_write=can_write)
    client = Client(connection, ["system/#"])
    hub.join(client)
    return hub, client, connection


def publish(hub: Hub, count: int) -> None:
    for number in range(count):
        hub.publish(Update(cpu(utilization=float(number))))


def test_a_queue_overflows_only_with_one_frame_more_than_its_capacity() -> None:
    hub, client, connection = hub_with_a_client()
    publish(hub, QUEUE_FRAMES)
    assert (client.dropped, connection.interrupted) == (None, False)
    publish(hub, 1)
    assert (client.dropped, connection.interrupted) == (TOO_SLOW, True)


def test_a_client_that_reads_again_gets_what_waited_in_order() -> None:
    hub, client, connection = hub_with_a_client(can_write=True)
    publish(hub, 1)
    connection.can_write = False
    publish(hub, QUEUE_FRAMES)
    assert len(connection.written) == 1
    connection.read()
    publish(hub, 1)
    numbers = [json.loads(each[4:])["data"]["utilization"] for each in connection.written]
    assert numbers == [0, *range(QUEUE_FRAMES), 0]
    assert client.dropped is None


def test_all_clients_are_sent_the_same_bytes() -> None:
    hub, _, first = hub_with_a_client(can_write=True)
    second = Connection()
    hub.join(Client(second, ["system/cpu"]))
    publish(hub, 1)
    assert first.written[0] is second.written[0]


def test_a_dropped_client_gets_no_more_frames_and_counts_once() -> None:
    hub, client, connection = hub_with_a_client()
    publish(hub, QUEUE_FRAMES + 2)
    assert hub.clients == 0
    hub.change(client, ["system/cpu"], "acknowledgement")
    connection.read()
    assert connection.written == []
    hub.leave(client)
    assert hub.slow_clients == 1


def test_the_initial_newest_values_do_not_count_against_the_queue() -> None:
    newest = Newest()
    for index in range(2 * QUEUE_FRAMES):
        newest.accept(Update(gpu(0, f"host-{index}")))
    hub, client, _ = hub_with_a_client(newest)
    publish(hub, QUEUE_FRAMES)
    assert client.dropped is None
    publish(hub, 1)
    assert client.dropped == TOO_SLOW


def test_a_value_that_waits_is_sent_with_the_age_that_it_then_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    newest, update = Newest(), Update(cpu())
    newest.accept(update)
    _, _, connection = hub_with_a_client(newest)
    later = update.content.timestamp + 60_000
    monkeypatch.setattr("api.live.frames.unix_milliseconds", lambda: later)
    connection.read()
    (frame,) = connection.written
    assert json.loads(frame[4:])["age_seconds"] == 60


def test_a_client_that_keeps_subscribing_without_reading_is_dropped() -> None:
    newest = Newest()
    for index in range(100):
        newest.accept(Update(gpu(0, f"host-{index}")))
    hub, client, _ = hub_with_a_client(newest)
    for turn in range(QUEUE_FRAMES):
        hub.change(client, () if turn % 2 else ("#",), "acknowledgement")
    assert client.dropped == TOO_SLOW


def test_a_batch_waits_for_the_client_to_read() -> None:
    async def run() -> None:
        connection = Connection(can_write=False)
        hub = Hub(Newest())
        hub.join(Client(connection, ["system/#"], batch=True))
        publish(hub, 3)
        await asyncio.sleep(2 * BATCH_SECONDS)
        assert connection.written == []
        connection.read()
        (message,) = connection.written
        assert len(json.loads(message[4:])) == 3

    asyncio.run(run())
