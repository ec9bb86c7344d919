"""The page's own unit tests."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import api
from tests.services.availability import REQUIRE_VARIABLE

SOURCE = Path(api.__file__).parent / "dashboard"
SECONDS = 300


def npm(*arguments: str) -> None:
    done = subprocess.run(
        ["npm", *arguments],
        cwd=SOURCE,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboards_unit_tests_pass() -> None:
    if shutil.which("npm") is None:
        reason = "npm is not on PATH"
        if os.environ.get(REQUIRE_VARIABLE) == "1":
            pytest.fail(f"{reason}, and {REQUIRE_VARIABLE}=1")
        pytest.skip(reason)
    if not (SOURCE / "node_modules").is_dir():
        npm("ci")
    npm("test")
