"""Builds the packages as `make dist` does."""

from pathlib import Path

from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]


def build_wheel(folder: Path) -> Path:
    """Build the wheel into ``folder`` and return its path."""
    (path,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    return Path(path)


def build_sdist(folder: Path) -> Path:
    """Build the source distribution into ``folder`` and return its path."""
    (path,) = SdistBuilder(str(ROOT)).build(directory=str(folder))
    return Path(path)
