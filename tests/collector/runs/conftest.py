"""What the tests of runs may use."""

import pytest

from tests.collector.runs.lab import Lab


@pytest.fixture
def lab() -> Lab:
    """Return a machine without processes."""
    return Lab()
