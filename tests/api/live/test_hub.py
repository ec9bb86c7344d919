"""The exact limits of a client's queue, which a WebSocket cannot show."""

import asyncio
from collections.abc import Callable

from api.live.hub import QUEUE_FRAMES, Client, Hub
from api.live.newest import Newest, Update
from tests.api.running import cpu, gpu


def with_a_client(check: Callable[[Hub, Newest, Client], None]) -> None:
    async def run() -> None:
        newest = Newest()
        check(Hub(newest), newest, Client(["system/#"]))

    asyncio.run(run())


def test_a_queue_overflows_only_with_one_frame_more_than_its_capacity() -> None:
    def check(hub: Hub, _newest: Newest, client: Client) -> None:
        hub.join(client)
        for _ in range(QUEUE_FRAMES):
            hub.publish(Update(cpu()))
        assert not client.dropped.done()
        hub.publish(Update(cpu()))
        assert client.dropped.done()

    with_a_client(check)


def test_a_dropped_client_gets_no_more_frames_and_counts_once() -> None:
    def check(hub: Hub, _newest: Newest, client: Client) -> None:
        hub.join(client)
        for _ in range(QUEUE_FRAMES + 2):
            hub.publish(Update(cpu()))
        assert hub.clients == 0
        hub.change(client, ["system/cpu"], "acknowledgement")
        hub.leave(client)
        assert hub.slow_clients == 1

    with_a_client(check)


def test_the_initial_newest_values_do_not_count_against_the_queue() -> None:
    def check(hub: Hub, newest: Newest, client: Client) -> None:
        for index in range(2 * QUEUE_FRAMES):
            newest.accept(Update(gpu(0, f"host-{index}")))
        hub.join(client)
        for _ in range(QUEUE_FRAMES):
            hub.publish(Update(cpu()))
        assert not client.dropped.done()
        hub.publish(Update(cpu()))
        assert client.dropped.done()

    with_a_client(check)


def test_a_client_that_keeps_subscribing_without_reading_is_dropped() -> None:
    def check(hub: Hub, newest: Newest, client: Client) -> None:
        for index in range(100):
            newest.accept(Update(gpu(0, f"host-{index}")))
        hub.join(client)
        for turn in range(QUEUE_FRAMES):
            hub.change(client, () if turn % 2 else ("#",), "acknowledgement")
        assert client.dropped.done()

    with_a_client(check)
