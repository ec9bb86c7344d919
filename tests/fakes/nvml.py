"""The stand-in for NVIDIA's library, for tests and demonstrations; ``nvml.c`` describes it.

``python -m tests.fakes.nvml --gpus 8 -- make run`` runs a command on a machine with eight GPUs.
"""

import argparse
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pynvml
import pytest

from tests.services.availability import REQUIRE_VARIABLE

_SOURCES = sorted(Path(__file__).parent.glob("nvml*.c"))
_SONAME = "libnvidia-ml.so.1"  # which pynvml requests from the dynamic linker
_SCRIPT_VARIABLE = "FAKE_NVML_SCRIPT"
_FLAGS = ["-std=c11", "-D_POSIX_C_SOURCE=200809L", "-fPIC", "-fvisibility=hidden", "-O1"]
_WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Werror"]


def compile_library(folder: Path) -> Path:
    """Compile the stand-in into ``folder`` and return its path. Needs Linux and gcc."""
    library = folder / _SONAME
    link = ["-shared", f"-Wl,-soname,{_SONAME}", "-o", str(library)]
    subprocess.run(
        ["gcc", *_FLAGS, *_WARNINGS, *link, *map(str, _SOURCES), "-lm", "-lpthread"], check=True
    )
    return library


class FakeNvml:
    """The script of the stand-in: changes here take effect at the next call to NVML."""

    def __init__(self, library: Path, script: Path) -> None:
        """Write to the file ``script``; ``library`` is the library for child processes."""
        self.library = library
        self._script = script
        self._lines: dict[str, object] = {}
        self._version = 0

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables with which a child process loads the stand-in."""
        path = [str(self.library.parent), os.environ.get("LD_LIBRARY_PATH", "")]
        return {
            "LD_LIBRARY_PATH": ":".join(filter(None, path)),
            _SCRIPT_VARIABLE: str(self._script),
        }

    def set_gpus(self, count: int) -> None:
        """Have ``count`` GPUs from now on."""
        self.set(gpus=count)

    def set(self, **values: object) -> None:
        """Give the keys of the script these values, such as ``driver_version``."""
        self._lines.update(values)
        self._write()

    def set_readings(self, gpu: int | None = None, **readings: object) -> None:
        """Let ``gpu``, or all GPUs, read these; ``nvml.c`` has the names and the units."""
        place = "gpu" if gpu is None else f"gpu.{gpu}"
        self.set(**{f"{place}.{name}": value for name, value in readings.items()})

    def fail(self, error: int, function: str = "*", gpu: int | None = None) -> None:
        """Let ``function``, or every call, give NVML's ``error``, on ``gpu`` or on all."""
        self.set(**{_behaviour(function, gpu, "error"): error})

    def recover(self, function: str = "*", gpu: int | None = None) -> None:
        """Undo ``fail`` with the same arguments."""
        del self._lines[_behaviour(function, gpu, "error")]
        self._write()

    def delay(self, seconds: float, function: str = "*", gpu: int | None = None) -> None:
        """Let each call of ``function``, or every call, take ``seconds``, on ``gpu`` or on all."""
        self.set(**{_behaviour(function, gpu, "delay_ms"): round(seconds * 1000)})

    def _write(self) -> None:
        # Replaced atomically, with a new modification time: a reader sees each version, complete.
        self._version += 1
        draft = self._script.with_suffix(".draft")
        lines = "".join(f"{key} {value}\n" for key, value in self._lines.items())
        draft.write_text(lines, "utf-8", errors="surrogateescape")
        os.utime(draft, ns=(0, self._version))
        draft.replace(self._script)


def _behaviour(function: str, gpu: int | None, what: str) -> str:
    return f"{function}.{what}" if gpu is None else f"{function}.{gpu}.{what}"


@pytest.fixture(scope="session")
def nvml_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the stand-in, once. Without gcc, skip, or fail if services are required."""
    if sys.platform != "linux" or shutil.which("gcc") is None:
        reason = "the stand-in for NVML needs Linux and gcc on PATH"
        if os.environ.get(REQUIRE_VARIABLE) == "1":
            pytest.fail(f"{reason}, and {REQUIRE_VARIABLE}=1")
        pytest.skip(reason)
    return compile_library(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def fake_nvml(
    nvml_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeNvml]:
    """Have one GPU with moving readings, until the script changes them.

    The first test loads the stand-in into this process permanently: from then on, the dynamic
    linker gives it to pynvml, since it identifies a library by its soname.
    """
    ctypes.CDLL(str(nvml_library))
    loaded = Path("/proc/self/maps").read_text()
    if loaded.count(_SONAME) != loaded.count(str(nvml_library)):
        pytest.fail(f"a real {_SONAME} has been loaded into the tests' process")
    fake = FakeNvml(nvml_library, tmp_path / "nvml.script")
    monkeypatch.setenv(_SCRIPT_VARIABLE, fake.environment[_SCRIPT_VARIABLE])
    yield fake
    with contextlib.suppress(pynvml.NVMLError_Uninitialized):
        while True:
            pynvml.nvmlShutdown()


def _run(command: Sequence[str], fake: FakeNvml) -> int:
    with subprocess.Popen(command, env={**os.environ, **fake.environment}) as process:
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        while True:
            # Ctrl-C reaches the command too, which then ends.
            with contextlib.suppress(KeyboardInterrupt):
                return process.wait()


def main() -> int:
    """Run the command in the arguments; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.nvml", description=__doc__)
    parser.add_argument("--gpus", type=int, default=2, help="how many GPUs there are (2)")
    parser.add_argument("command", nargs="+", metavar="COMMAND", help="what to run, after --")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fake-nvml-") as folder:
        fake = FakeNvml(compile_library(Path(folder)), Path(folder) / "script")
        fake.set_gpus(arguments.gpus)
        script = fake.environment[_SCRIPT_VARIABLE]
        print(f"The GPUs do what {script} says; it may be edited.", file=sys.stderr)  # noqa: T201
        return _run(arguments.command, fake)


if __name__ == "__main__":
    sys.exit(main())
