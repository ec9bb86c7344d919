"""Screenshots of the page: ``python -m tests.benchmarks.screenshots [--folder docs/pictures]``.

Starts ``system-monitor up`` on a machine with two fake GPUs, lets it collect, and writes
``dashboard-dark.png``, ``dashboard-light.png`` and ``dashboard-phone.png``. Linux only; needs gcc
and Chromium, from PATH or the variable CHROMIUM.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Literal, NamedTuple

from playwright.sync_api import Browser, ViewportSize

from tests.api.dashboard.browser import find_chromium, fragment, running_chromium
from tests.deploy.monitor import free_ports, running
from tests.fakes.nvml import FakeNvml, compile_library

_HOST = "workstation"
_INTERVAL_SECONDS = 0.25


class _Picture(NamedTuple):
    name: str
    colours: Literal["dark", "light"]
    window: ViewportSize


_WIDE = ViewportSize(width=1440, height=900)
_PHONE = ViewportSize(width=390, height=844)
_PICTURES = [
    _Picture("dashboard-dark", "dark", _WIDE),
    _Picture("dashboard-light", "light", _WIDE),
    _Picture("dashboard-phone", "dark", _PHONE),
]


def take(browser: Browser, address: str, picture: _Picture, folder: Path) -> None:
    """Write one screenshot of the dashboard at ``address``."""
    context = browser.new_context(viewport=picture.window, color_scheme=picture.colours)
    page = context.new_page()
    page.goto(address)
    page.get_by_test_id("badge").and_(page.locator("[data-kind=live]")).wait_for()
    page.get_by_test_id("gpu-row-1").wait_for()
    page.wait_for_timeout(4000)  # until the history reaches the live samples
    target = folder / f"{picture.name}.png"
    page.screenshot(path=target)
    print(target, flush=True)
    context.close()


def main() -> None:
    """Take the screenshots."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("docs/pictures"))
    parser.add_argument("--gpus", type=int, default=2, help="how many fake GPUs there are (2)")
    parser.add_argument("--seconds", type=float, default=60, help="how long to collect (60)")
    arguments = parser.parse_args()
    chromium = find_chromium()
    if chromium is None:
        sys.exit("CHROMIUM does not name a browser and chromium is not on PATH.")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        gpus = FakeNvml(compile_library(folder), folder / "script")
        gpus.set_gpus(arguments.gpus)
        options = [
            *free_ports(),
            *("--data-dir", str(folder / "data")),
            *("--host-name", _HOST),
            *("--interval-seconds", str(_INTERVAL_SECONDS)),
        ]
        with (
            running(folder, "up", *options, variables=gpus.environment) as monitor,
            running_chromium(chromium) as browser,
        ):
            time.sleep(arguments.seconds)
            view = fragment(_HOST, range="5m")
            for picture in _PICTURES:
                take(
                    browser,
                    f"http://127.0.0.1:{monitor.http_port}/{view}",
                    picture,
                    arguments.folder,
                )


if __name__ == "__main__":
    main()
