"""What every test may use."""

import signal

pytest_plugins = [
    "tests.fakes.nvml",
    "tests.services.disks",
    "tests.services.embedded",
    "tests.services.fixtures",
]

# A shell that runs the tests in the background ignores SIGINT for them, and so for what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
