"""Accessibility checks with axe."""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

import api
from tests.services.availability import REQUIRE_VARIABLE

_AXE = Path(api.__file__).parent / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"


def require_accessible(page: Page) -> None:
    """Fail if axe finds anything in ``page``; skip if axe is not installed."""
    if not _AXE.is_file():
        reason = "axe-core is not installed: run `npm ci` in api/dashboard"
        if os.environ.get(REQUIRE_VARIABLE) == "1":
            pytest.fail(f"{reason}, and {REQUIRE_VARIABLE}=1")
        pytest.skip(reason)
    page.evaluate(_AXE.read_text("utf-8"))
    found: list[dict[str, Any]] = page.evaluate(
        "async () => (await axe.run({resultTypes: ['violations']})).violations"
    )
    problems = [
        (finding["id"], node["target"], node["failureSummary"])
        for finding in found
        for node in finding["nodes"]
    ]
    assert problems == []
