"""Chromium, and a visit to the dashboard with it that notes whatever goes wrong in the page."""

import csv
import io
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    WebSocketRoute,
    sync_playwright,
)

_FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
_STREAM = re.compile(r"/api/v1/system/ws")
_TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  console.error(`The policy forbids ${blockedURI}: ${violatedDirective}`));
"""
# Backoff between attempts are jittered: with this they are the shortest there are.
_NO_JITTER = "Math.random = () => 0;"
# What the button saves, without a file: in full runs the event of a later download failed to come.
_CSV = """async () => {
  const { createObjectURL } = URL;
  const { click } = HTMLAnchorElement.prototype;
  let saved = null;
  URL.createObjectURL = (blob) => { saved = blob; return "#"; };
  HTMLAnchorElement.prototype.click = () => {};
  try {
    document.querySelector("[data-testid=csv]").click();
  } finally {
    Object.assign(URL, { createObjectURL });
    Object.assign(HTMLAnchorElement.prototype, { click });
  }
  return saved.text();
}"""
_TEXTS = """() => Object.fromEntries(
  [...document.querySelectorAll("[data-testid]")].map((each) => [
    each.dataset.testid, each.textContent.replaceAll(/\\s+/g, " ").trim(),
  ]))"""


def find_chromium() -> str | None:
    """Return Chromium's path: the one that CHROMIUM names, else from PATH.

    Its headless shell, if there is one: without a window around each page the tests of the
    dashboard take 40 s of CPU instead of 65 s.
    """
    on_path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    return os.environ.get("CHROMIUM") or on_path


@contextmanager
def running_chromium(path: str) -> Iterator[Browser]:
    """Run the Chromium at ``path``.

    While it runs, asyncio cannot be used in this thread: Playwright's loop does.
    """
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*_FLAGS, *sandbox])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """One page that shows the dashboard, in a browser profile of its own."""

    address: str
    context: BrowserContext
    page: Page
    problems: list[str] = field(default_factory=list)
    """Errors in the console, forbidden by the policy, uncaught; requests to elsewhere."""
    stream_is_down: bool = False
    _streams: list[WebSocketRoute] = field(default_factory=list)

    @classmethod
    def start(cls, browser: Browser, address: str, **options: Any) -> "Visit":
        """Open an empty page; ``go`` shows the dashboard at ``address`` in it."""
        context = browser.new_context(**options)
        context.add_init_script(_TELL_VIOLATIONS)
        visit = cls(address, context, context.new_page())
        visit.page.on("console", visit._hear)
        visit.page.on("pageerror", lambda error: visit.problems.append(f"uncaught: {error}"))
        visit.page.on("request", lambda request: visit._check_origin(request.url))
        visit.page.on("websocket", lambda stream: visit._check_origin(stream.url))
        return visit

    def go(self, fragment: str = "") -> Page:
        """Open the dashboard; return once there is something in it."""
        self.page.goto(f"{self.address}/{fragment}")
        self.page.get_by_test_id("badge").wait_for()
        return self.page

    def texts(self) -> dict[str, str]:
        """Return what each part of the page says, all read at one moment, by its test id."""
        found: dict[str, str] = self.page.evaluate(_TEXTS)
        return found

    def badge(self) -> str | None:
        """Return what kind of badge there is."""
        return self.page.get_by_test_id("badge").get_attribute("data-kind")

    def rows(self) -> list[dict[str, str]]:
        """Return the rows of the CSV that the page gives of what it shows."""
        text: str = self.page.evaluate(_CSV)
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def control_stream(self) -> None:
        """Let ``cut_stream`` rule over the WebSocket; call it before ``go``."""
        self.context.add_init_script(_NO_JITTER)
        self.page.route_web_socket(_STREAM, self._open_stream)

    def cut_stream(self) -> None:
        """Close the WebSocket, and each new one at once; HTTP goes on."""
        self.stream_is_down = True
        while self._streams:
            self._streams.pop().close()

    def restore_stream(self) -> None:
        """Let a WebSocket be opened again."""
        self.stream_is_down = False

    def _open_stream(self, stream: WebSocketRoute) -> None:
        if self.stream_is_down:
            stream.close()
            return
        stream.connect_to_server()
        self._streams.append(stream)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(message.text)

    def _check_origin(self, url: str) -> None:
        address = urlsplit(url)
        if (
            address.scheme not in ("data", "blob")
            and address.netloc != urlsplit(self.address).netloc
        ):
            self.problems.append(f"asked {url}")


def fragment(host: str, **view: str) -> str:
    """Return the end of the address that shows ``host``, and of it what ``view`` says."""
    return f"#{urlencode({'host': host, **view})}"


OpenVisit = Callable[..., Visit]
