"""The wall clock of child processes, to be set while they run; ``clock.c`` explains how."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

_SOURCE = Path(__file__).with_name("clock.c")
_FLAGS = ["-std=c11", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-shared"]


class WallClock:
    """Keep the library and the shift in ``folder``. Needs Linux and gcc."""

    def __init__(self, folder: Path) -> None:
        self._library = folder / "clock.so"
        self._shift = folder / "shift"
        subprocess.run(["gcc", *_FLAGS, "-o", str(self._library), str(_SOURCE)], check=True)
        self.shift(0)

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables with which a child process uses this clock."""
        return {"LD_PRELOAD": str(self._library), "WALL_CLOCK_SHIFT": str(self._shift)}

    def shift(self, seconds: int) -> None:
        """Run this many seconds ahead of the machine's clock from now on."""
        new = self._shift.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self._shift)
