"""The page at the root."""

import re
from html.parser import HTMLParser

import pytest

from tests.api.serving import RunningApi
from tests.api.streams import receive


class Page(HTMLParser):
    """What a page links to, what it loads, and what it says."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.text = ""
        self.inline: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src", "action", "data", "poster", "srcset"):
                (self.links if tag == "a" else self.loads).append(value or "")
            if name == "style" or name.startswith("on"):
                self.inline.append(f"{tag} {name}")
        if tag in ("script", "style") and not dict(attrs).get("src"):
            self.inline.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def page(shared_api: RunningApi) -> Page:
    answer = shared_api.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Page(answer.text)


def test_the_page_loads_nothing_from_another_origin_and_nothing_that_its_policy_forbids(
    shared_api: RunningApi, page: Page
) -> None:
    assert page.loads == ["/style.css"]
    assert page.inline == []
    style = shared_api.get("/style.css")
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert not re.search(r"url\(|@import|//", style.text)


def test_every_link_leads_to_an_answer(shared_api: RunningApi, page: Page) -> None:
    assert page.links
    for link in page.links:
        assert link.startswith("/")
        assert not link.startswith("//")
        assert shared_api.json(link)


def test_every_endpoint_is_on_the_page(shared_api: RunningApi, page: Page) -> None:
    linked = {link.partition("?")[0] for link in page.links}
    assert linked == {*shared_api.json("/api/v1/openapi.json")["paths"], "/api/v1/openapi.json"}


def test_the_websockets_on_the_page_stream(shared_api: RunningApi, page: Page) -> None:
    addresses = re.findall(r"/api/v1/system/ws\S*", page.text)
    assert len(addresses) == 2
    for address in addresses:
        with shared_api.stream(address) as stream:
            assert receive(stream)["event"] == "metrics"
