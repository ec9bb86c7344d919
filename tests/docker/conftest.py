"""One composed system for all these tests; it and its volumes are removed at the end."""

import logging
from collections.abc import Iterator

import pytest

from tests.docker import engine, stand_ins
from tests.docker.composed import Composed, copy_clone
from tests.services.processes import free_port

log = logging.getLogger(__name__)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Composed:
    """Build our image and return the system, not yet started."""
    reason = engine.unavailable_reason()
    if reason is not None:
        pytest.skip(reason)
    made = stand_ins.provide()
    log.info("Stand-ins: %s", ", ".join(made) or "none")
    system = Composed(copy_clone(tmp_path_factory.mktemp("clone")), free_port())
    system.setup()
    system.compose("build")
    return system


@pytest.fixture(scope="session")
def composed(built: Composed) -> Iterator[Composed]:
    """Start the system with ``up --detach``."""
    try:
        built.compose("up", "--detach")
        yield built
    finally:
        log.info("Removing it and its volumes")
        built.compose("down", "--volumes", "--timeout", "5")
