"""What every test may use."""

pytest_plugins = ["tests.fakes.nvml", "tests.services.embedded", "tests.services.fixtures"]
