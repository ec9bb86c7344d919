"""Runs the ``docker`` command."""

import os
import shutil
import subprocess
from collections.abc import Mapping

SECONDS = 900.0


def docker(*arguments: str, variables: Mapping[str, str] | None = None) -> str:
    """Run ``docker`` and return its output. Raises RuntimeError with its output if it fails."""
    result = subprocess.run(
        ["docker", *arguments],
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if result.returncode:
        output = f"{result.stdout}\n{result.stderr}".strip()
        raise RuntimeError(f"`docker {' '.join(arguments)}` failed:\n{output}")
    return result.stdout.strip()


def works(*arguments: str) -> bool:
    """Return whether ``docker`` with these ``arguments`` succeeds."""
    try:
        docker(*arguments)
    except RuntimeError:
        return False
    return True


def unavailable_reason() -> str | None:
    """Return what is missing to run Docker and Compose, or None."""
    if shutil.which("docker") is None:
        return "there is no docker on PATH"
    if not works("version"):
        return "no Docker daemon answers"
    if not works("compose", "version"):
        return "docker has no compose"
    return None
