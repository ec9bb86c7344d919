"""What every test may use."""

pytest_plugins = [
    "tests.fakes.nvml",
    "tests.services.disks",
    "tests.services.embedded",
    "tests.services.fixtures",
]
