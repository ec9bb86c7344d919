"""Describes this process as the collector does."""

import getpass
import hashlib
import os
import sys
from pathlib import Path


def command() -> str:
    """Return the program with its script or module, without arguments."""
    program = Path(sys.executable or "python").name
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name:
        return f"{program} -m {spec.name.removesuffix('.__main__')}"
    script = Path(getattr(main, "__file__", "")).name
    return f"{program} {script}".strip()


def identity() -> str | None:
    """Return a digest of boot ID, process ID and start time; None if there is no /proc."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        stat = Path("/proc/self/stat").read_bytes()
    except OSError:
        return None
    started = int(stat.rpartition(b") ")[2].split()[19])
    return hashlib.sha256(f"{boot} {os.getpid()} {started}".encode()).hexdigest()[:16]


def user() -> str | None:
    """Return the user's name, or None if unknown."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return None


def cpu_seconds() -> float:
    """Return the CPU time of this process and of the children that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
