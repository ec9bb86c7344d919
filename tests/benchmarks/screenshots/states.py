"""Screenshots of every state on every screen: ``python -m tests.benchmarks.screenshots.states``.

Each scene of ``scenes.py`` has a broker, an api and a history of its own, with made-up machines.
Writes ``SCENE-WIDTHxHEIGHT-COLOURS.png``, and fails if axe finds anything in one of them. Needs
Chromium, from PATH or the variable CHROMIUM.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, ViewportSize

from deploy.embedded_broker import EmbeddedBroker
from telemetry.bus.address import BrokerAddress
from telemetry.bus.connection import BusConnection
from telemetry.clock import unix_milliseconds
from telemetry.events import Event
from telemetry.history.sqlite import SqliteWriter
from telemetry.samples import Sample
from tests.api.dashboard.accessibility import require_accessible
from tests.api.dashboard.browser import find_chromium, fragment, running_chromium
from tests.api.running import RunningApi, running_api
from tests.benchmarks.screenshots.machines import HOUR
from tests.benchmarks.screenshots.scenes import MINUTE, SCENES, Scene
from tests.services.processes import free_port
from tests.states import finding

_COLOURS: tuple[Literal["dark", "light"], ...] = ("dark", "light")
_SIZES = ((1440, 900), (1920, 1080), (768, 1024), (390, 844))
_HOUR_LONG = (HOUR, 5_000, HOUR)
_WEEK_LONG = (7 * 24 * HOUR, 2 * MINUTE, 6 * HOUR)
_FILE = "history.sqlite3"
_SETTLED_MS = 800  # until the history has arrived and the charts have their new size


class Stage:
    """A broker, an api and a history for one scene; its machines have reported."""

    def __init__(self, scene: Scene, folder: Path, stack: ExitStack) -> None:
        """Start them; ``stack`` stops them."""
        self._broker = EmbeddedBroker("127.0.0.1", free_port())
        self._broker.start()
        stack.callback(self._broker.stop)
        address = BrokerAddress(self._broker.host, self._broker.port)
        bus = BusConnection(address, "screenshots")
        bus.start()
        stack.callback(bus.stop)
        api = running_api(bus, folder, history_hours=24 if scene.days else 1, history_days=7)
        self._api: RunningApi = stack.enter_context(api)
        self.address = f"http://127.0.0.1:{self._api.server.port}"
        if len(scene.machines) == 1:
            self._store(scene, folder)
        self._publish(scene)

    def stop_broker(self) -> None:
        """Stop the broker."""
        self._broker.stop()

    def stop_api(self) -> None:
        """Stop the api."""
        self._api.server.stop()

    def _store(self, scene: Scene, folder: Path) -> None:
        """Write the history as it was written in its time, so that old minutes are made of it."""
        now = unix_milliseconds()
        length, step, batch = _WEEK_LONG if scene.days else _HOUR_LONG
        written = now - length
        writer = SqliteWriter(folder / _FILE, self._api.settings.spans, lambda: written)
        writer.open()
        for first in range(now - length + MINUTE, now, batch):
            written = min(first + batch, now)
            for machine in scene.machines:
                for time in range(first, written, step):
                    writer.write(list(machine.samples(time, now)))
            while writer.roll_up():
                pass
        writer.close()

    def _publish(self, scene: Scene) -> None:
        now = unix_milliseconds()
        for machine in scene.machines:
            for sample in machine.now(now):
                self._send(sample)
        for values in scene.findings:
            more = {"since": now - 30 * MINUTE, "state": "active", **values}
            evidence = {"start": now - 35 * MINUTE, "end": now, "numbers": {}}
            channel = f"system/findings/{values['kind']}/{values['subject']}"
            identity = f"{values['kind']}-{values['subject']}"
            host = more.pop("host", scene.machines[0].host)
            self._send(finding(identity, now, host, channel, evidence=evidence, **more))
        self._api.wait_until_received()

    def _send(self, content: Sample | Event) -> None:
        topic = self._api.settings.topics.topic(content.host or "", content.channel)
        self._api.send_raw(topic, content.payload())


def take(scene: Scene, name: str, browser: Browser, folder: Path) -> None:
    """Write the screenshots of one scene."""
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stage = Stage(scene, data, stack)
        pages = [stack.enter_context(opened(scene, stage, browser, each)) for each in _COLOURS]
        for page in pages:
            scene.trouble(page, stage)
        for page, colours in zip(pages, _COLOURS, strict=True):
            for width, height in _SIZES:
                target = folder / f"{name}-{width}x{height}-{colours}.png"
                shoot(page, scene, ViewportSize(width=width, height=height), target)


@contextmanager
def opened(
    scene: Scene, stage: Stage, browser: Browser, colours: Literal["dark", "light"]
) -> Iterator[Page]:
    """Open the page of ``scene`` until the end of the block."""
    context = browser.new_context(color_scheme=colours)
    page = context.new_page()
    page.clock.install()
    page.goto(
        f"{stage.address}/{fragment(scene.machines[0].host, **{'range': '1h', **scene.view})}"
    )
    page.get_by_test_id("badge").and_(
        page.locator("[data-kind=live], [data-kind=offline]")
    ).wait_for()
    page.wait_for_timeout(_SETTLED_MS)
    yield page
    context.close()


def shoot(page: Page, scene: Scene, size: ViewportSize, target: Path) -> None:
    """Write a screenshot of ``page`` with ``size``; fail if axe finds anything."""
    page.set_viewport_size(size)
    page.get_by_test_id("badge").and_(page.locator(f"[data-kind={scene.badge}]")).wait_for()
    page.wait_for_timeout(_SETTLED_MS)
    page.screenshot(path=target)
    require_accessible(page)
    print(target, flush=True)


def main() -> None:
    """Take the screenshots."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--scene", choices=SCENES, nargs="*", default=list(SCENES))
    arguments = parser.parse_args()
    chromium = find_chromium()
    if chromium is None:
        sys.exit("CHROMIUM does not name a browser and chromium is not on PATH.")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with running_chromium(chromium) as browser:
        for name in arguments.scene:
            take(SCENES[name](), name, browser, arguments.folder)


if __name__ == "__main__":
    main()
