"""The terminal: Textual's own pilot presses the keys, and a real broker delivers the values."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from api.live.subscription import Subscription
from deploy.top.app import Help, Top
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.bus.messages import Publication
from telemetry.bus.topics import TopicScheme
from telemetry.catalogue import STATUS_CHANNEL
from telemetry.status import CollectorStatus
from tests.deploy.top.states import (
    Content,
    finding,
    gpu_sample,
    machine,
    process,
    processes_sample,
    status,
)
from tests.services.processes import free_port

if TYPE_CHECKING:
    from textual.pilot import Pilot

SECONDS = 20.0
SMALL = (80, 24)


class Terminal:
    """A running ``top``, and a collector that publishes what a test gives it."""

    def __init__(self, bus: BusConnection, host: str | None, address: BrokerAddress | None) -> None:
        self._bus = bus
        self._topics = TopicScheme(f"test-{uuid.uuid4().hex}/{{host}}")
        live = Subscription(address or bus.address, self._topics, "alpha")
        self.app = Top(live, host)
        self.pilot: Pilot[None]

    def publish(self, *contents: Content) -> None:
        for each in contents:
            channel = STATUS_CHANNEL if isinstance(each, CollectorStatus) else each.channel
            topic = self._topics.topic(each.host or "", channel)
            self._bus.publish(Publication(topic, each.payload(), retain=True))

    @property
    def text(self) -> str:
        """What the screen shows."""
        return "\n".join(
            "".join(segment.text for segment in strip).rstrip()
            for strip in self.app.screen._compositor.render_strips()  # noqa: SLF001 - the screen itself
        )

    async def shows(self, *texts: str, without: str | None = None) -> str:
        """Wait until the screen contains all ``texts``, and return it."""
        async with asyncio.timeout(SECONDS):
            while not self._shows(texts, without):
                self.app.draw()
                await self.pilot.pause(0.02)
        return self.text

    def _shows(self, texts: Sequence[str], without: str | None) -> bool:
        shown = self.text
        return all(text in shown for text in texts) and (without is None or without not in shown)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()


@asynccontextmanager
async def terminal(
    shared_bus: BusConnection,
    *contents: Content,
    host: str | None = None,
    size: tuple[int, int] = SMALL,
    address: BrokerAddress | None = None,
) -> AsyncIterator[Terminal]:
    found = Terminal(shared_bus, host, address)
    found.publish(*contents)
    async with found.app.run_test(size=size) as found.pilot:
        yield found


def host(name: str) -> list[Content]:
    return [status(name), *machine(name)]


Check = Callable[[], Awaitable[None]]


def run(check: Check) -> None:
    asyncio.run(asyncio.wait_for(check(), 2 * SECONDS))


def test_a_host_is_shown_live_in_80_by_24(shared_bus: BusConnection) -> None:
    async def check() -> None:
        first: list[Content] = [
            status(),
            gpu_sample(0),
            *machine(),
            processes_sample(0, process(41)),
        ]
        async with terminal(shared_bus, *first) as top:
            text = await top.shows("alpha  live", "75%", "38%", "train.py", "Quit", "Help")
            assert len(text.splitlines()) == 24
            assert max(map(len, text.splitlines())) <= 80
            top.publish(gpu_sample(0, utilization=99.0), finding("gpu0", "critical", "Look here."))
            await top.shows("99%", "! Look here. (critical")

    run(check)


def test_a_finding_that_is_over_disappears(shared_bus: BusConnection) -> None:
    async def check() -> None:
        begin = finding("gpu0", "warning", "Look here.")
        async with terminal(shared_bus, status(), gpu_sample(0), begin) as top:
            await top.shows("Look here.")
            topic = top._topics.topic("alpha", begin.channel)  # noqa: SLF001
            shared_bus.publish(Publication(topic, b"", retain=True))
            await top.shows("alpha  live", without="Look here.")

    run(check)


def test_several_hosts_are_selected_opened_and_left_with_keys(shared_bus: BusConnection) -> None:
    async def check() -> None:
        hosts = [each for name in ("alpha", "beta") for each in host(name)]
        async with terminal(shared_bus, *hosts) as top:
            await top.shows("host▾", "alpha", "beta")
            await top.press("down", "enter")
            await top.shows("beta  live")
            await top.press("right")
            await top.shows("alpha  live")
            await top.press("escape")
            await top.shows("host▾")
            await top.press("s")
            await top.shows("findings▾")
            await top.press("r")
            await top.shows("findings▾", "alpha")

    run(check)


def test_one_host_of_several_is_chosen_by_name(shared_bus: BusConnection) -> None:
    async def check() -> None:
        hosts = [each for name in ("alpha", "beta") for each in host(name)]
        async with terminal(shared_bus, *hosts, host="beta") as top:
            await top.shows("beta  live")
            await top.press("escape", "right")
            await top.shows("beta  live")

    run(check)


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_the_help_opens_and_closes_and_a_key_ends_the_program(
    shared_bus: BusConnection, key: str
) -> None:
    async def check() -> None:
        async with terminal(shared_bus, status(), *machine()) as top:
            await top.press("question_mark")
            await top.shows("sort by the next column")
            assert isinstance(top.app.screen, Help)
            await top.press("question_mark")
            assert not isinstance(top.app.screen, Help)
            await top.press(key)
            assert not top.app.is_running

    run(check)


def test_a_long_page_scrolls(shared_bus: BusConnection) -> None:
    async def check() -> None:
        gpus = [gpu_sample(index) for index in range(32)]
        listed = processes_sample(0, *(process(pid) for pid in range(100, 130)))
        async with terminal(shared_bus, status(), *gpus, *machine(), listed) as top:
            await top.shows("alpha  live")
            async with asyncio.timeout(SECONDS):
                while " 129 " not in top.text:  # the last process may not have arrived yet
                    await top.press("pagedown", "down")
            assert "alpha  live" not in top.text
            await top.press(*["pageup"] * 4)
            await top.shows("alpha  live")

    run(check)


def test_a_smaller_terminal_gets_a_page_that_fits(shared_bus: BusConnection) -> None:
    async def check() -> None:
        async with terminal(shared_bus, status(), gpu_sample(0), *machine(), size=(140, 40)) as top:
            await top.shows("NVIDIA GeForce RTX 4090")
            await top.pilot.resize_terminal(*SMALL)
            await top.shows("alpha  live", without="NVIDIA")

    run(check)


def test_text_from_the_bus_is_never_markup(shared_bus: BusConnection) -> None:
    async def check() -> None:
        hostile = gpu_sample(0, name="[bold]x[/bold][@click=quit]y[/]")
        async with terminal(shared_bus, status(), hostile, *machine(), size=(140, 40)) as top:
            await top.shows("[bold]x[/bold][@click=q")

    run(check)


def test_a_broker_that_does_not_run_is_one_sentence(shared_bus: BusConnection) -> None:
    async def check() -> None:
        nowhere = BrokerAddress("127.0.0.1", free_port())
        async with terminal(shared_bus, address=nowhere) as top:
            await top.shows(f"The MQTT broker at mqtt://127.0.0.1:{nowhere.port} cannot be reach")
            await top.shows("Waiting for the first samples")

    run(check)
