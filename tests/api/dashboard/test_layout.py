"""On each screen every text has its room: one page for all of these tests, of several widths."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api.dashboard.browser import Visit, fragment
from tests.api.dashboard.conftest import HOST, Laboratory
from tests.api.dashboard.layout import collisions, overruns

WIDTHS = (1440, 1250, 1024, 768, 390, 320)


@pytest.fixture(scope="module")
def page(chromium: Browser, laboratory: Laboratory) -> Iterator[Page]:
    """Show the dashboard; nothing may have gone wrong in the end."""
    visit = Visit.start(chromium, laboratory.address)
    page = visit.go(fragment(HOST))
    expect(page.get_by_test_id("gpu-tile-7")).to_be_visible()
    yield page
    visit.context.close()
    assert visit.problems == []


def resize(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})


def test_the_headline_and_the_facts_beside_it_have_their_own_room(page: Page) -> None:
    for width in WIDTHS:
        resize(page, width)
        assert (width, collisions(page, ".now-row")) == (width, [])
        assert (width, overruns(page, ".gpu-panel .now-row")) == (width, [])


def test_the_chart_stays_where_it_is_whatever_holds_the_clocks_down(page: Page) -> None:
    for width in (1440, 1250, 320):
        resize(page, width)
        tops = {
            chart_top_with(page, text)
            for text in ("Not throttled", "Throttled: " + 9 * "too hot, ")
        }
        assert (width, len(tops)) == (width, 1)


def chart_top_with(page: Page, throttling: str) -> float:
    top: float = page.get_by_test_id("gpu-throttle").evaluate(
        """(place, text) => {
          const node = place.firstChild;
          const said = node.data;
          node.data = text;
          const chart = document.querySelector("[data-testid=utilization-chart]");
          const { top } = chart.getBoundingClientRect();
          node.data = said;
          return top;
        }""",
        throttling,
    )
    return top
