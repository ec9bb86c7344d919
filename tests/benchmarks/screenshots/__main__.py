"""Screenshots for the docs: ``python -m tests.benchmarks.screenshots [--folder docs/pictures]``.

Writes ``dashboard-dark.png``, ``dashboard-light.png`` and ``dashboard-phone.png``, of a made-up
machine with eight GPUs whose last one leaks memory. Needs Chromium, from PATH or the variable
CHROMIUM.
"""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Literal, NamedTuple

from playwright.sync_api import ViewportSize

from tests.api.dashboard.browser import find_chromium, running_chromium
from tests.benchmarks.screenshots.scenes import SCENES
from tests.benchmarks.screenshots.states import Stage, opened, shoot


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


def main() -> None:
    """Take the screenshots."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("docs/pictures"))
    arguments = parser.parse_args()
    chromium = find_chromium()
    if chromium is None:
        sys.exit("CHROMIUM does not name a browser and chromium is not on PATH.")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    scene = SCENES["leak"]()
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stage = Stage(scene, data, stack)
        browser = stack.enter_context(running_chromium(chromium))
        for picture in _PICTURES:
            with opened(scene, stage, browser, picture.colours) as page:
                target = arguments.folder / f"{picture.name}.png"
                shoot(page, scene, picture.window, target)


if __name__ == "__main__":
    main()
