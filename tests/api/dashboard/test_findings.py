"""The findings of the shown host, above the panels."""

import re

from playwright.sync_api import expect

from telemetry.clock import unix_milliseconds
from telemetry.events import Event
from tests.api.dashboard.accessibility import require_accessible
from tests.api.dashboard.browser import OpenVisit, fragment
from tests.api.dashboard.conftest import HOST, MARKUP_GPU, Laboratory
from tests.services.embedded import Listener
from tests.states import finding

TITLE = "alpha – System Monitor"  # noqa: RUF001


def growth(state: str = "active") -> Event:
    """Return a finding about GPU 6 whose sentence is markup, or its end."""
    now = unix_milliseconds()
    return finding(
        "growth" if state == "active" else "growth.end",
        now,
        HOST,
        "system/findings/memory_growth/gpu6",
        state=state,
        severity="critical",
        since=now - 60_000,
        summary=f"GPU 6: {MARKUP_GPU} grows.",
        evidence={"start": now - 60_000, "end": now, "numbers": {}},
        advice="Save a checkpoint soon.",
    )


def test_an_active_finding_is_a_card_until_it_is_over_or_muted(
    laboratory: Laboratory, open_visit: OpenVisit
) -> None:
    page = open_visit(viewport={"width": 1440, "height": 900}).go(fragment(HOST))
    icon = page.locator("link[rel=icon]")
    verdict, cards = page.get_by_test_id("verdict"), page.get_by_test_id("finding")
    expect(verdict).to_have_text("No findings")
    expect(page).to_have_title(TITLE)
    with Listener(laboratory.monitor.mqtt_port) as client:
        begun, ended = growth(), growth("over")
        client.publish(begun.channel, begun.payload(), retain=True)
        expect(verdict).to_have_text("1 of 8 GPUs needs attention")
        expect(page).to_have_title(f"(1) {TITLE}")
        expect(icon).to_have_attribute("href", "./icon-1.svg")
        state = page.get_by_test_id("gpu-state-6")
        expect(state).to_contain_text("memory growth")
        expect(cards).to_contain_text(f"GPU 6: {MARKUP_GPU} grows.")
        expect(cards).to_contain_text(re.compile("critical.*since .*Save a checkpoint soon."))
        cards.get_by_role("button", name="Mute").click()
        expect(cards).to_have_count(0)
        page.reload()
        expect(verdict).to_have_text("No findings, 1 muted")
        expect(page).to_have_title(TITLE)
        expect(icon).to_have_attribute("href", "./icon.svg")
        expect(state).not_to_contain_text("memory growth")
        page.get_by_test_id("muted").locator("summary").click()
        page.get_by_role("button", name="Unmute").click()
        expect(cards).to_have_count(1)
        require_accessible(page)
        cards.get_by_role("button", name="Show in charts").click()
        expect(page.get_by_test_id("zoom-reset")).to_be_visible()
        expect(page.get_by_test_id("gpu-name")).to_contain_text("GPU 6")
        client.publish(ended.channel, ended.payload())
        client.publish(ended.channel, b"", retain=True)
    expect(cards).to_have_count(0)
    expect(verdict).to_have_text("No findings")
    expect(page).to_have_title(TITLE)
    assert page.evaluate("window.ran") is None
