"""What the tests of published runs share."""

import uuid
from collections.abc import Iterator

import pytest

from tests.deploy.runs.published import Published
from tests.services.embedded import Listener
from tests.services.mosquitto import Mosquitto


@pytest.fixture
def published(mosquitto: Mosquitto) -> Iterator[Published]:
    prefix = f"runs-{uuid.uuid4().hex[:8]}"
    with Listener(mosquitto.port, f"{prefix}/#") as listener:
        yield Published(listener, prefix)
