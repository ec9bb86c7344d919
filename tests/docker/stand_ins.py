"""The images that ours need: pulled, or replaced with stand-ins if they cannot be pulled.

A stand-in has the name of the official image, so compose.yaml and the Dockerfile work unchanged. It
is built from debootstrap's Debian, Debian's packages, and the influxd that ``.ci/run`` builds. That
needs root and Debian's package archive.
"""

import logging
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.docker.engine import docker, works
from tests.services.availability import find_influxd

log = logging.getLogger(__name__)

_DEBOOTSTRAP = "system-monitor-stand-in/debootstrap"
_FOLDER = Path(__file__).parent / "stand_ins"
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_LEFT_OUT = (
    "var/cache/apt/archives/*.deb",
    "var/lib/apt/lists/*",
    "usr/share/doc/*",
    "usr/share/man/*",
    "usr/share/locale/*",
)
IMAGES = {
    "debian:bookworm-slim": "debian",
    "python:3.13-slim-bookworm": "python",
    "eclipse-mosquitto:2.0": "mosquitto",
    "influxdb:2.7.12": "influxdb",
}


def provide() -> list[str]:
    """Pull or build every image; return the names of those that are stand-ins."""
    for image, name in IMAGES.items():
        if works("image", "inspect", image):
            continue
        if works("pull", image):
            log.info("%s: pulled", image)
        else:
            _make(image, name)
            log.info("%s: cannot be pulled; a stand-in was made", image)
    return [image for image in IMAGES if _is_stand_in(image)]


def _is_stand_in(image: str) -> bool:
    return _DEBOOTSTRAP in docker("image", "inspect", "--format", "{{json .Config.Labels}}", image)


def _make(image: str, name: str) -> None:
    if name == "debian" and not works("image", "inspect", _DEBOOTSTRAP):
        _bootstrap()
    with tempfile.TemporaryDirectory() as folder:
        context = shutil.copytree(_FOLDER, Path(folder, "context"))
        shutil.copy(_CERTIFICATES, context)
        influxd = find_influxd()
        if name == "influxdb":
            if influxd is None:
                raise RuntimeError("A stand-in for influxdb needs influxd: .ci/run builds it.")
            shutil.copy(influxd, context)
        dockerfile = context / f"{name}.Dockerfile"
        label = ("--label", f"made-of={_DEBOOTSTRAP}")
        docker("build", "--quiet", *label, "--tag", image, "--file", str(dockerfile), str(context))


def _bootstrap() -> None:
    with tempfile.TemporaryDirectory() as folder:
        _run(["debootstrap", "--variant=minbase", "bookworm", folder])
        pack = ["tar", "-C", folder, *(f"--exclude=./{each}" for each in _LEFT_OUT), "-c", "."]
        _run(["bash", "-c", '"${@:2}" | docker import - "$1"', "bash", _DEBOOTSTRAP, *pack])


def _run(command: Sequence[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{result.stdout}\n{result.stderr}")
