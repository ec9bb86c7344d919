"""The page at the root."""

import asyncio
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api.error_handlers import install_error_handlers
from api.serving.page import serve_page
from tests.api.running import RunningApi


class Page(HTMLParser):
    """The links of a page, what it loads, and its text."""

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


def test_the_page_loads_only_what_its_policy_allows_from_its_own_origin(
    shared_api: RunningApi, page: Page
) -> None:
    assert page.inline == []
    assert {Path(each).suffix for each in page.loads} == {".js", ".css", ".svg"}
    for each in page.loads:
        assert each.startswith("./")
        assert shared_api.get(each.removeprefix(".")).status_code == 200


def test_files_named_by_their_content_are_cached_and_the_page_is_not(
    shared_api: RunningApi, page: Page
) -> None:
    script = next(each for each in page.loads if each.endswith(".js"))
    kept = shared_api.get(script.removeprefix("."))
    assert "immutable" in kept.headers["cache-control"]
    assert shared_api.get("/").headers["cache-control"] == "no-store"


def test_no_path_leads_out_of_the_folder(shared_api: RunningApi) -> None:
    for path in ("/../app.py", "/%2e%2e/app.py", "/assets/../../app.py", "/..%2fapp.py"):
        assert shared_api.get(path).status_code == 404


def test_a_dashboard_that_is_not_built_is_an_error_with_advice(tmp_path: Path) -> None:
    app = FastAPI()
    install_error_handlers(app)
    serve_page(app, tmp_path)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/")

    answer = asyncio.run(ask())
    assert answer.status_code == 503
    assert "make run" in answer.json()["error"]["message"]
