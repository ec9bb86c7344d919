"""What every test may use."""

pytest_plugins = ["tests.services.embedded", "tests.services.fixtures"]
