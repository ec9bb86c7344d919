"""A ``mosquitto`` that only shows its version and refuses its configuration."""

from pathlib import Path

import pytest


def install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, version: str | None, *, websockets: bool = True
) -> None:
    """Put a `mosquitto` of ``version``, or none, on PATH and nowhere else."""
    monkeypatch.setattr("deploy.broker_mosquitto._SBIN", "")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    if version is None:
        return
    error = "Unknown configuration variable unknown_option" if websockets else "not available"
    program = folder / "mosquitto"
    program.write_text(
        f"#!/bin/sh\nif [ $1 = -h ]; then echo 'mosquitto version {version}'\n"
        f"else echo 'Error: {error}' >&2; exit 3; fi\n"
    )
    program.chmod(0o755)
